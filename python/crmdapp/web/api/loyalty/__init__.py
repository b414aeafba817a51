"""Loyalty over HTTP: what a merchant's systems do, and what everybody may see."""

from __future__ import annotations

from fastapi import APIRouter

from crmdapp.web.api.loyalty import campaigns, clearing, figures, orders, programs, public, vouchers

router = APIRouter(prefix="/v1/loyalty")

for _part in (public, programs, figures, orders, campaigns, clearing, vouchers):
    router.include_router(_part.router)
