"""The group ``crmdapp customers``, to which the modules beside this one add their commands."""

from __future__ import annotations

from crmdapp.cli._frame import group

app = group(
    help="Verified profiles, consent, receipted interactions, credentials.",
    examples=(
        "crmdapp customers scope create --attestor attestor=3",
        "crmdapp customers show 0x6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e300",
    ),
)


@app.callback()
def customers() -> None:
    """Verified profiles, consent, receipted interactions, credentials.

    A customer is named by a profile's id, 64 hex digits; names and addresses are never typed here.
    """
