"""The group ``crmdapp items``, to which the modules beside this one add their commands."""

from __future__ import annotations

from crmdapp.cli._frame import group

BAG = "https://id.gs1.org/01/09506000134352/21/B7"
BOX = "https://id.gs1.org/01/09506000134352/21/C1"
PALLET = "https://id.gs1.org/00/095060001343520017"
GREEN = "https://id.gs1.org/01/09506000134352/10/GREEN-1"

app = group(
    help="Products: origin, custody, transformation, sensors, labels.",
    examples=(
        f"crmdapp items commission {BAG}",
        f"crmdapp items trace {BAG} --svg origin.svg",
    ),
)


@app.callback()
def items() -> None:
    """Products: origin, custody, transformation, sensors, labels.

    An item is named by its GS1 Digital Link, with --issuer where several have one of that name, or
    by its id, 0x and 64 hex digits.
    """
