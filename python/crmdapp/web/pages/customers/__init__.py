"""The customers' pages: who has which data of mine, and a company's customers."""

from fastapi import APIRouter

from crmdapp.web.pages import NavLink, template_filter
from crmdapp.web.pages.customers import merchant, wallet
from crmdapp.web.pages.customers.words import moment, short

NAV = (
    NavLink("Who has my data", "/wallet/data", "Customer"),
    NavLink("Customers", "/merchant/customers", "Merchant"),
)

router = APIRouter()
router.include_router(wallet.router)
router.include_router(merchant.router)

template_filter("moment", moment)
template_filter("short", short)

__all__ = ["NAV", "router"]
