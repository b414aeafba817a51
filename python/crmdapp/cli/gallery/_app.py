"""The group ``crmdapp gallery``, to which the modules beside this one add their commands."""

from __future__ import annotations

from crmdapp.cli._frame import group

WORK = "0x" + "26bd9daf7f95fc35941daa8a4514659fdac9b1588f52e9245b36a3e456379ef5"
CASE = "0x" + "3383f4a9259e2dd030cfb9856cf1b1c4183e0f5c4e32d5da86cb36f1380ad926"
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"

app = group(
    help="Works of art: registered by signatures, sold directly, with a history anyone can check.",
    examples=(
        "crmdapp gallery fingerprint work.png",
        f"crmdapp gallery verify {WORK} --rpc https://node.example",
    ),
)


@app.callback()
def gallery() -> None:
    """Works of art: registered by signatures, sold directly, with a history anyone can check.

    A work is named by its id (0x and hex digits, or decimal), or by its file.
    """
