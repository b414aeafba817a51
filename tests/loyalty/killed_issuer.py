"""A process that issues coupons until it is killed; run by the coupon journal's crash test.

Usage: killed_issuer.py JOURNAL FIRST LAST OUT [POINT]. It writes each coupon's number to OUT. POINT
is where it kills itself, at the third coupon: ``writing`` (in the journal's transaction),
``written`` (in the journal, not signed) or ``signed`` (not handed out).
"""

import os
import signal
import sys

from crmdapp.chain import LocalSigner
from crmdapp.loyalty import coupon_journal, hub_domain
from crmdapp.loyalty.coupon_journal import CouponJournal, CouponRequest, Limits
from crmdapp.loyalty.coupons import Coupon, sign_coupons

KEY = LocalSigner(b"\x07" * 32)
DOMAIN = hub_domain(31337, "0x" + "11" * 20)
GENESIS = b"\x09" * 32
CAMPAIGN = b"\x0c" * 32
LIMITS = Limits(total=1_000)
FATAL_TIME = 3


def request(reference: int) -> CouponRequest:
    to = f"0x{0xBEEF0000 + reference:040x}"
    coupon = Coupon(2, to, 10, 0, 4, False, 0, 2_000_000_000, CAMPAIGN, bytes(32))
    return CouponRequest(str(reference), coupon)


def die(*_args: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    path, first, last, out = sys.argv[1:5]
    point = sys.argv[5] if len(sys.argv) > 5 else ""
    with CouponJournal(path) as journal, open(out, "a", buffering=1) as file:  # noqa: PTH123
        for count, reference in enumerate(range(int(first), int(last)), start=1):
            fatal = count == FATAL_TIME
            if fatal and point == "writing":
                coupon_journal._require_within = die
            coupons = journal.issue(GENESIS, DOMAIN, [request(reference)], limits=LIMITS)
            if fatal and point == "written":
                die()
            (signed,) = sign_coupons(coupons, KEY, DOMAIN)
            if fatal and point == "signed":
                die()
            file.write(f"{reference},{signed.coupon.order_id}\n")


if __name__ == "__main__":
    main()
