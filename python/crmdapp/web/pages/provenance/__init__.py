"""The gallery's hall, the curators' desk, the product behind a code, and the yard's hand-overs."""

from __future__ import annotations

from fastapi import APIRouter

from crmdapp.web.pages import NavLink
from crmdapp.web.pages.provenance import (
    auctions,
    challenges,
    curators,
    gallery,
    logistics,
    market,
    offers,
    products,
    submitting,
    votes,
)

NAV = (
    NavLink("Works", "/gallery", "Gallery"),
    NavLink("Hand in a work", "/gallery/submit", "Gallery"),
    NavLink("Money to withdraw", "/gallery/money", "Gallery"),
    NavLink("Curators", "/curator", "Gallery"),
    NavLink("Check a product", "/products", "Products"),
    NavLink("Hand over", "/logistics", "Products"),
)

router = APIRouter()

# Submitting and money come before the gallery, whose works' numbers would take their addresses.
for _part in (
    submitting,
    auctions,
    gallery,
    market,
    offers,
    challenges,
    curators,
    votes,
    products,
    logistics,
):
    router.include_router(_part.router)
