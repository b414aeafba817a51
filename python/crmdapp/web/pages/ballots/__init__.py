"""Pages of elections and public votes: voters, trustees, auditors, and whoever looks on."""

from fastapi import APIRouter

from crmdapp.web.pages import NavLink
from crmdapp.web.pages.ballots import booth, elections, polls, trustees

NAV = (
    NavLink("Elections", "/elections", "Elections"),
    NavLink("Public votes", "/polls", "Elections"),
)
"""Links on every page."""

router = APIRouter()
for part in (elections, booth, trustees, polls):
    router.include_router(part.router)
