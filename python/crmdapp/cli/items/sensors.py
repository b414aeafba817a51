"""``crmdapp items sensor``: devices, windows of readings, proofs, limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver, json_text
from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._common import hex_of, read_file
from crmdapp.cli.items._app import BAG, PALLET
from crmdapp.cli.items._common import (
    IssuerOption,
    ItemArgument,
    LedgerOption,
    about_items,
    desk,
    item_named,
    reader,
    send_and_tell,
)
from crmdapp.errors import EXIT_VERIFICATION

if TYPE_CHECKING:
    from crmdapp.provenance.sensor_windows import Excursion, SignedWindow

sensor_app = group(
    help="Sensors: device keys, windows of readings, proofs, limits.",
    examples=(
        "crmdapp items sensor new thermometer.pem",
        f"crmdapp items sensor anchor {PALLET} --device thermometer.pem --readings day1.csv",
    ),
)

DeviceOption = Annotated[
    Path, typer.Option("--device", metavar="FILE", help="The device's key file.")
]
WindowArgument = Annotated[
    Path, typer.Argument(metavar="WINDOW", help="File of a signed window; - is stdin.")
]


@sensor_app.callback()
def sensor_group() -> None:
    """Sensors: device keys, windows of readings, proofs, limits."""


@command(
    sensor_app,
    "new",
    examples=(
        "crmdapp items sensor new thermometer.pem",
        "crmdapp items sensor new chip-B7.pem --json",
    ),
)
def new(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New key file, PEM, mode 0600.")],
) -> None:
    """Make a P-256 key for a device. Real devices make their own and never show it."""
    from crmdapp.provenance.devices import Device

    session = session_of(ctx)
    device = Device.new()
    device.save(file)
    session.out.result(
        {"device": device.id, "x": device.key.x, "y": device.key.y, "file": file},
        Facts([("Device", hex_of(device.id)), ("Key file", str(file))]),
    )


@command(
    sensor_app,
    "assign",
    cls=SendingCommand,
    examples=(
        f"crmdapp items sensor assign {PALLET} --device thermometer.pem",
        f"crmdapp items sensor assign {BAG} --device chip-B7.pem --yes --json",
    ),
)
def assign(
    ctx: typer.Context, item: ItemArgument, device: DeviceOption, issuer: IssuerOption = None
) -> None:
    """Bind a device to an item of the account; a chip in a label is bound the same way."""
    from crmdapp.provenance.devices import Device, sign_assignment

    session = session_of(ctx)
    client = desk(session)
    id_ = item_named(session, client, item, issuer)
    key = Device.load(device)
    _, last = client.device(key.id)
    signed = sign_assignment(key, client.domain, id_, session.signer.address, window=last)
    call = client.assign_device_call(signed)
    about = [*about_items([id_]), ("Device", hex_of(key.id))]
    send_and_tell(session, call, about, "The device is bound to the item.", device=key.id)


@command(
    sensor_app,
    "anchor",
    cls=SendingCommand,
    examples=(
        f"crmdapp items sensor anchor {PALLET} --device t.pem --readings day1.csv --keep day1.json",
        f"crmdapp items sensor anchor {PALLET} --device t.pem --readings day1.json --yes",
    ),
)
def anchor(
    ctx: typer.Context,
    item: ItemArgument,
    device: DeviceOption,
    readings: Annotated[
        Path,
        typer.Option("--readings", metavar="FILE", help="CSV or .json: time, kind, value, unit."),
    ],
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="FILE", help="New file with the window, for proofs later."),
    ] = None,
    issuer: IssuerOption = None,
) -> None:
    """Anchor a window of readings: the device signs it, the ledger keeps its root.

    Keep the window's file: without it nothing can be proved later.
    """
    from crmdapp.chain._files import create, require_creatable
    from crmdapp.provenance.devices import Device
    from crmdapp.provenance.readings import read_readings
    from crmdapp.provenance.sensor_windows import sign_window

    session = session_of(ctx)
    client = desk(session)
    found = read_readings(readings)
    key = Device.load(device)
    id_ = item_named(session, client, item, issuer)
    _, last = client.device(key.id)
    signed = sign_window(key, client.domain, id_, found, window=last + 1)
    call = client.anchor_call(signed)
    if keep is not None:
        require_creatable(keep)
    window = signed.window
    about = [
        *about_items([id_]),
        ("Window", f"{window.window}: {window.count:,} readings"),
        ("From", format_time(window.starts_at)),
        ("To", format_time(window.ends_at)),
    ]
    receipt = send_and_tell(
        session,
        call,
        about,
        f"Window {window.window} is on the ledger.",
        device=window.device,
        window=window.window,
        root=window.root,
        count=window.count,
        kept=keep,
    )
    if receipt is not None and keep is not None:
        create(keep, json_text(signed.to_json()).encode())


@command(
    sensor_app,
    "prove",
    examples=(
        "crmdapp items sensor prove day1.json 17 --out reading.json",
        "crmdapp items sensor prove day1.json 0",
    ),
)
def prove(
    ctx: typer.Context,
    window: WindowArgument,
    place: Annotated[
        int, typer.Argument(metavar="PLACE", min=0, help="Of the reading in its window, from 0.")
    ],
    out: NewFileOption = None,
) -> None:
    """Make the proof of one reading, to be shown without the others; no node is needed."""
    session = session_of(ctx)
    signed = _window(window)
    signed.check()
    proof = signed.prove(place)
    data = {"reading": proof.reading.to_json(), "root": signed.window.root}
    deliver(session, json_text(proof.to_json()), out, data)


@command(
    sensor_app,
    "verify",
    examples=(
        "crmdapp items sensor verify reading.json",
        "crmdapp items sensor verify reading.json --json",
    ),
)
def verify(
    ctx: typer.Context,
    proof: Annotated[Path, typer.Argument(metavar="FILE", help="The proof; - is stdin.")],
    ledger: LedgerOption = None,
) -> None:
    """Verify that a reading was measured by its device and anchored on the ledger."""
    from crmdapp.provenance.item_models import item_text
    from crmdapp.provenance.sensor_windows import ReadingProof

    session = session_of(ctx)
    client = reader(session, ledger)
    found = read_file(proof, ReadingProof.from_json)
    client.require_domain(found.domain)
    reading = found.check()
    client.require_anchored(found.window)
    session.out.result(
        {
            "verified": True,
            "item": item_text(found.window.item),
            "device": found.window.device,
            **reading.to_json(),
        },
        Facts(
            [
                ("Item", item_text(found.window.item)),
                ("Device", hex_of(found.window.device)),
                ("Measured", f"{reading.kind} {reading.text}"),
                ("Time", format_time(reading.time)),
            ]
        ),
        "Verified.",
    )


@command(
    sensor_app,
    "check",
    examples=(
        "crmdapp items sensor check day1.json --kind Temperature --unit CEL --min 2 --max 8",
        "crmdapp items sensor check day1.json --kind Temperature --unit CEL --max=-18 --offline",
    ),
)
def check(
    ctx: typer.Context,
    window: WindowArgument,
    kind: Annotated[
        str, typer.Option("--kind", metavar="WORD", help="What was measured (GS1), as Temperature.")
    ] = "Temperature",
    unit: Annotated[str, typer.Option("--unit", metavar="CODE", help="CEL, P1, ...")] = "CEL",
    low: Annotated[
        str | None, typer.Option("--min", metavar="VALUE", help="Lowest value allowed.")
    ] = None,
    high: Annotated[
        str | None, typer.Option("--max", metavar="VALUE", help="Highest value allowed.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask whether the window was anchored.")
    ] = False,
    ledger: LedgerOption = None,
) -> None:
    """Check that all readings of a window stayed within limits; exit code 8 if not."""
    from crmdapp.provenance.readings import parse_value
    from crmdapp.provenance.sensor_windows import Limits, excursions

    session = session_of(ctx)
    signed = _window(window)
    signed.check()
    if not offline:
        client = reader(session, ledger)
        client.require_domain(signed.domain)
        client.require_anchored(signed.window)
    limits = Limits(
        kind,
        unit,
        None if low is None else parse_value(low),
        None if high is None else parse_value(high),
    )
    found = excursions(signed.readings, limits)
    rows = [
        [f"{item.first:,}", f"{item.count:,}", format_time(item.starts_at), f"{item.text} {unit}"]
        for item in found
    ]
    session.out.result(
        {
            "readings": signed.window.count,
            "anchored": not offline,
            "within": not found,
            "excursions": [_excursion_data(item) for item in found],
        },
        Table((">First", ">Readings", "From", "Worst"), rows),
        f"{len(found):,} times beyond the limits."
        if found
        else f"All {signed.window.count:,} readings are within the limits.",
    )
    if found:
        raise typer.Exit(EXIT_VERIFICATION)


def _window(path: Path) -> SignedWindow:
    from crmdapp.provenance.sensor_windows import SignedWindow

    return read_file(path, SignedWindow.from_json)


def _excursion_data(item: Excursion) -> dict[str, Any]:
    return {
        "first": item.first,
        "count": item.count,
        "starts_at": iso_time(item.starts_at),
        "ends_at": iso_time(item.ends_at),
        "worst": item.text,
    }
