"""Pages of elections and public votes: voters, trustees, auditors, and whoever looks on."""

from fastapi import APIRouter

from crmdapp.web.pages import NavLink
from crmdapp.web.pages.ballots import booth, elections, organiser, polls, trustees

NAV = (
    NavLink("Elections", "/elections", "Elections"),
    NavLink("Create an election", "/elections/new", "Elections"),
    NavLink("Public votes", "/polls", "Elections"),
)
"""Links on every page."""

router = APIRouter()
# The organiser's come before those of an election, whose number would take their addresses.
for part in (organiser, elections, booth, trustees, polls):
    router.include_router(part.router)
