"""The gallery's hall, the curators' desk, the product behind a code, and the yard's hand-overs."""

from __future__ import annotations

from fastapi import APIRouter

from crmdapp.web.pages import NavLink
from crmdapp.web.pages.provenance import gallery

NAV = (NavLink("Works", "/gallery", "Gallery"),)

router = APIRouter()

for _part in (gallery,):
    router.include_router(_part.router)
