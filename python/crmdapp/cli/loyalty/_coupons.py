"""Reading, showing and writing coupons."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import deliver, json_text
from crmdapp.cli._values import format_time, points_data
from crmdapp.cli.loyalty._common import amount, brand, person
from crmdapp.errors import FileFault, FileRejected, UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.coupon_journal import CouponJournal
    from crmdapp.loyalty.coupons import SignedCoupon
    from crmdapp.loyalty.models import Program

CouponArgument = Annotated[
    str,
    typer.Argument(metavar="COUPON", help="JSON file, JSON lines, a link or a file of it, or -."),
]
LATEST = 253_402_300_799
"""The last second of the year 9999, where the calendar ends."""

_FAULTS_MAX = 100


def coupon_journal(session: Session) -> CouponJournal:
    """Return the journal of issued coupons, opened."""
    from crmdapp.loyalty.coupon_journal import CouponJournal

    return CouponJournal(session.config.state_dir / "coupons.sqlite3")


def read_coupons(text: str) -> list[SignedCoupon]:
    """Return the coupons that an argument means: a link, a file of JSON or of a link, or stdin.

    Raises:
        FileRejected: Some of them cannot be read; each fault names its line.
        UsageError: There is none, or no such file.
    """
    from crmdapp.loyalty.coupons import SignedCoupon
    from crmdapp.loyalty.errors import PointsOverflow

    if "#" in text:
        return [SignedCoupon.from_link(text)]
    body = sys.stdin.read() if text == "-" else _text_of(Path(text))
    if body.lstrip()[:1] not in ("{", ""):
        return [SignedCoupon.from_link(body)]
    found: list[SignedCoupon] = []
    faults: list[FileFault] = []
    for line, entry in _entries(body):
        try:
            found.append(SignedCoupon.from_json(entry))
        except PointsOverflow as problem:
            faults.append(FileFault(line, "points", f"{problem.points:,} units are too many"))
        except UsageError as problem:
            faults.append(FileFault(line, "", problem.message.rstrip(".")))
    if faults:
        raise FileRejected(
            f"{len(faults)} of the coupons cannot be read; nothing was sent.",
            faults[:_FAULTS_MAX],
            hint="Mend or remove what is named and run the same command again.",
        )
    if not found:
        raise UsageError(f"{'Standard input' if text == '-' else text} holds no coupon.")
    return found


def read_coupon(text: str) -> SignedCoupon:
    """Return the one coupon that an argument means.

    Raises:
        FileRejected: It cannot be read.
        UsageError: There is none, or there are several.
    """
    found = read_coupons(text)
    if len(found) > 1:
        raise UsageError(f"There are {len(found):,} coupons, one is wanted.")
    return found[0]


def coupon_data(signed: SignedCoupon) -> dict[str, Any]:
    """Return a coupon as JSON data."""
    coupon = signed.coupon
    return {
        "program": coupon.program,
        "number": coupon.order_id,
        "to": coupon.to,
        **points_data(coupon.points),
        "issued": coupon.issued,
        "reversible": coupon.reversible,
        "valid_after": coupon.valid_after,
        "deadline": coupon.deadline,
        "campaign": coupon.campaign,
        "terms_hash": coupon.terms_hash,
        "digest": signed.digest,
    }


def coupon_facts(
    session: Session, signed: SignedCoupon, program: Program | None
) -> list[tuple[str, str]]:
    """Return a coupon in words; the program is ``None`` if no node was asked."""
    coupon = signed.coupon
    points = str(points_data(coupon.points)["points"])
    pairs = [
        ("Program", brand(program) if program else str(coupon.program)),
        ("Coupon", f"number {coupon.order_id}"),
        ("Points", amount(coupon.points, program) if program else points),
        ("To", person(session, coupon.to)),
        ("From", moment(coupon.valid_after) if coupon.valid_after else "now on"),
        ("Until", moment(coupon.deadline)),
    ]
    if coupon.reversible:
        pairs.append(("Reversible", "if the purchase is returned in time"))
    if any(coupon.campaign):
        pairs.append(("Campaign", "0x" + coupon.campaign.hex()))
    if any(coupon.terms_hash):
        pairs.append(("Terms", "0x" + coupon.terms_hash.hex()))
    return pairs


def moment(seconds: int) -> str:
    """Return a moment in Unix seconds for people, also one beyond the calendar."""
    return format_time(seconds) if seconds <= LATEST else f"second {seconds:,}"


def word_of(text: str | None, option: str) -> bytes:
    """Return the 32 bytes of an option in hex; zeros if it was left out.

    Raises:
        UsageError: It is not 64 hex digits.
    """
    from crmdapp.chain._signed_json import read_word

    return bytes(32) if text is None else read_word(text, option)


def require_places(out: Path | None, page: str | None) -> None:
    """Check that a result can be written where it is wanted, before anything is done.

    Raises:
        UsageError: There is such a file already, no such folder, or the page cannot be used.
    """
    from crmdapp.chain._files import require_creatable
    from crmdapp.loyalty._links import require_base_url

    if out is not None:
        require_creatable(out)
    if page is not None:
        require_base_url(page)


def write_coupons(
    session: Session, coupons: Sequence[SignedCoupon], out: Path | None, data: dict[str, Any]
) -> None:
    """Print one coupon as JSON and several as JSON lines, or write them to a new file.

    Raises:
        UsageError: There is such a file already, or no such folder.
    """
    if len(coupons) == 1:
        text = json_text(coupons[0].to_json())
    else:
        text = "".join(json.dumps(item.to_json(), separators=(",", ":")) + "\n" for item in coupons)
    deliver(session, text, out, {"coupons": len(coupons), **data})


def _entries(body: str) -> list[tuple[int, str]]:
    """Return one JSON document, or the lines of JSON lines, with line numbers."""
    lines = [(n, line.strip()) for n, line in enumerate(body.splitlines(), start=1)]
    filled = [(n, line) for n, line in lines if line]
    if len(filled) > 1 and all(line[0] == "{" and line[-1] == "}" for _, line in filled):
        return filled
    return [(1, body)] if filled else []


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
    except OSError as problem:
        raise UsageError(
            f"{path} cannot be read: {problem.strerror}.",
            hint="Give a file, a whole link in quotes, or - and the coupon on standard input.",
        ) from None
