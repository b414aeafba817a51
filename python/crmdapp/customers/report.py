"""The subject access report: everything about one customer on a page that people can read.

One HTML file without anything from elsewhere: no script, no font, no picture. It prints, and a
screen reader finds its way by headings, captions and column heads. Whatever a value says, it is
text: nothing in it becomes markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template

    from crmdapp.customers.export import CustomerExport

__all__ = ["report_html"]

_FIELD_WORDS: Mapping[str, str] = {
    "external_id": "Number in another system",
    "postal_code": "Postal code",
    "tax_id": "Tax id",
}
_SOURCE_WORDS: Mapping[str, str] = {
    "manual_entry": "entered by hand",
    "online_form": "your own entry in a form",
    "address_dealer": "a dealer in addresses",
    "partner_api": "a partner's system",
    "csv_import": "an imported file",
    "public_register": "a public register",
    "inferred": "inferred from other data",
    "iot": "a device",
}


def report_html(export: CustomerExport, company: str = "") -> str:
    """Return the report as one HTML page.

    Args:
        export: Everything about the customer; opened on the customer's device, or as the company
            sees it: then what is sealed is shown as sealed.
        company: The company's name; its address by default.
    """
    return _template().render(
        export=export,
        company=company or export.company,
        current=[item for item in export.data if item.get("counts")],
        earlier=[item for item in export.data if not item.get("counts")],
        field_words=_field_words,
        source_words=lambda source: _SOURCE_WORDS.get(str(source), str(source)),
        day=lambda moment: str(moment)[:10],
        line=_line,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    # autoescape: a name like "<script>" is shown, not run.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page = resources.files("crmdapp.customers").joinpath("templates", "report.html")
    return environment.from_string(page.read_text(encoding="utf-8"))


def _field_words(name: Any) -> str:
    return _FIELD_WORDS.get(str(name), str(name).replace("_", " ").capitalize())


def _line(items: Any) -> str:
    """Return a list in one line."""
    return ", ".join(map(str, items)) if isinstance(items, list) else str(items or "")
