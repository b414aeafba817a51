"""The merchant's console and the points part of a customer's wallet."""

from __future__ import annotations

from fastapi import APIRouter

from crmdapp.web.pages import NavLink
from crmdapp.web.pages.loyalty import console, exports, gifts, settlement, wallet

NAV = (
    NavLink("Points", "/wallet", "Customer"),
    NavLink("Collect a gift", "/gift", "Customer"),
    NavLink("Programs", "/merchant", "Merchant"),
)

router = APIRouter()

for _part in (wallet, gifts, console, settlement, exports):
    router.include_router(_part.router)
