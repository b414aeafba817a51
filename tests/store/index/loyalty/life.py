"""A ledger's life at random: everything that moves points, sent without looking whether it may.

What the hub refuses leaves no event, so the index has to agree with the chain either way.
"""

import random
from dataclasses import dataclass, field

from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.calls import Call
from crmdapp.loyalty.coupons import Coupon, sign_coupon
from crmdapp.loyalty.drops import leaf_of
from crmdapp.loyalty.intents import sign_exchange, sign_redeem, sign_transfer
from crmdapp.loyalty.packing import pack_records
from crmdapp.loyalty.returns import AwardedRecord
from tests.loyalty.constants import EPOCH_LENGTH
from tests.loyalty.ledger import Ledger

FAR = 2**39
COINS = 10**12


@dataclass
class Life:
    """Some merchants and customers, and what they may do."""

    ledger: Ledger
    seed: int
    programs: list[int] = field(default_factory=list)
    batches: list = field(default_factory=list)
    coupons: list = field(default_factory=list)
    drops: list = field(default_factory=list)

    def __post_init__(self):
        self.dice = random.Random(self.seed)
        self.hub = self.ledger.client("merchant")
        self.domain = self.hub.domain
        self.orders = iter(range(1, 1 << 20))
        self.nonces = iter(range(1, 1 << 20))
        self.issuer = self.ledger.address("issuer")
        self.people = [self.ledger.signers[role] for role in ("customer", "friend", "outsider")]
        self.coupon_key = LocalSigner("0x" + "51" * 32)
        self.carried_out = 0

    # ----------------------------------------------------------------- setting

    def begin(self):
        """Three programs with different rules; each may owe each."""
        rules = (
            {"validity": 4, "tiers": (500, 3_000)},
            {"validity": 2, "has_token": True, "tiers": (1_000,)},
            {"validity": 1, "cap": 60_000},
        )
        for number, rule in enumerate(rules):
            program = self.ledger.open_program(40_000, name=f"Shop {number}", **rule).id
            self.programs.append(program)
            self.hub.campaigns.set_coupon_key(program, self.coupon_key.address, 3_000)
            self.hub.network.announce_prices(program, 20_000 + 777 * number, 15_000 + 333 * number)
            self.hub.returns.set_clawback(program, 3 * EPOCH_LENGTH)
        self.ledger.mint_coin("merchant", 10 * COINS)
        for program in self.programs:
            self.hub.clearing.deposit(program, COINS)
        for debtor in self.programs:
            for creditor in self.programs:
                if debtor != creditor:
                    self.hub.clearing.set_limit(debtor, creditor, 40_000_000)

    def run(self, steps):
        """Do that many random things."""
        deeds = [getattr(self, name) for name in dir(self) if name.startswith("do_")]
        for _ in range(steps):
            self.dice.choice(deeds)()

    # ----------------------------------------------------------------- deeds

    def do_award(self):
        self._award()

    def do_award_again(self):
        self._award()

    def do_award_many(self):
        program = self._program()
        records = [(self._person().address, self._points()) for _ in range(self.dice.randint(1, 5))]
        packed = pack_records(records)
        batch_id = self.dice.randbytes(32)
        if self._send(self.issuer, self.hub.prepare.award_many(program, batch_id, packed)):
            self.batches += [
                (program, AwardedRecord(batch_id, packed, i)) for i in range(len(records))
            ]

    def do_transfer(self):
        person = self._person()
        call = self.hub.prepare.transfer(self._program(), self._person().address, self._points())
        self._send(person.address, call)

    def do_transfer_lane(self):
        program, person = self._program(), self._person()
        epoch = self.hub.hub.read("currentEpoch")
        issued = epoch - self.dice.randint(0, 3)
        to = self._person().address
        target = self.hub.hub.call("transferAtEpoch", issued, to, program, self._points() // 4)
        self._send(person.address, target)

    def do_transfer_by_face(self):
        token = self.hub.program(self.programs[1]).token
        face = self.ledger.connection.contract("PointsToken", token)
        call = face.call("transfer", self._person().address, self._points())
        self._send(self._person().address, call)

    def do_transfer_signed(self):
        intent = sign_transfer(
            self._person(),
            self.domain,
            program=self._program(),
            to=self._person().address,
            points=self._points(),
            nonce=next(self.nonces),
            deadline=FAR,
        )
        self._send(self.issuer, self.hub.prepare.submit(intent))

    def do_redeem(self):
        call = self.hub.prepare.redeem(self._program(), self._points())
        self._send(self._person().address, call)

    def do_redeem_signed(self):
        signed = self._redemption(self._program(), self._program())
        refundable = self.dice.random() < 0.7
        self._send(self.issuer, self.hub.prepare.submit(signed, refundable=refundable))

    def do_redeem_many(self):
        program, merchant = self._program(), self._program()
        items = [self._redemption(program, merchant) for _ in range(self.dice.randint(1, 5))]
        self._send(self.issuer, self.hub.prepare.redeem_many(items))

    def do_redeem_abroad(self):
        program, merchant = self.dice.sample(self.programs, 2)
        call = self.hub.network.prepare.redeem_at(
            program, self._points(), merchant, min_value=0, deadline=FAR
        )
        self._send(self._person().address, call)

    def do_exchange(self):
        program, other = self.dice.sample(self.programs, 2)
        call = self.hub.network.prepare.exchange(
            program, self._points(), other, min_points=0, deadline=FAR
        )
        self._send(self._person().address, call)

    def do_exchange_signed(self):
        program, other = self.dice.sample(self.programs, 2)
        signed = sign_exchange(
            self._person(),
            self.domain,
            program=program,
            to_program=other,
            points=self._points(),
            min_points=0,
            nonce=next(self.nonces),
            deadline=FAR,
        )
        self._send(self.issuer, self.hub.prepare.submit(signed))

    def do_reverse(self):
        if not self.batches:
            return
        program, record = self.dice.choice(self.batches)
        points = self.dice.randint(1, record.points)
        self._send(self.issuer, self.hub.returns.prepare.reverse_award(program, record, points))

    def do_refund(self):
        program = self._program()
        stored = list(self.hub.returns.redemptions(merchant=program))
        if stored:
            redemption = self.dice.choice(stored)
            points = self.dice.randint(1, redemption.points)
            call = self.hub.returns.prepare.refund_redemption(redemption, points)
            self._send(self.issuer, call)

    def do_coupon(self):
        program = self._program()
        epoch = self.hub.hub.read("currentEpoch")
        validity = self.hub.program(program).validity
        latest = epoch - (4 - validity)
        coupon = Coupon(
            program=program,
            to=self._person().address,
            points=self._points() // 3 + 1,
            order_id=next(self.orders),
            issued=max(1, latest - self.dice.randint(0, 1)),
            reversible=self.dice.random() < 0.5,
            valid_after=0,
            deadline=FAR,
            campaign=b"\x07" * 32,
            terms_hash=bytes(32),
        )
        signed = sign_coupon(
            self.coupon_key,
            self.domain,
            **{name: getattr(coupon, name) for name in coupon.__slots__},
        )
        call = self.hub.campaigns.prepare.claim_coupon(signed)
        if self._send(self._person().address, call) and coupon.reversible:
            self.batches.append((program, AwardedRecord.of_coupon(coupon)))

    def do_cancel_coupon(self):
        call = self.hub.campaigns.prepare.cancel_coupon(self._program(), next(self.orders))
        self._send(self.issuer, call)

    def do_create_drop(self):
        if len(self.drops) > 3:
            return
        program, to, points = self._program(), self._person().address, self._points()
        root = leaf_of(0, to, points)
        call = self.hub.campaigns.prepare.create_drop(
            program, root, points=points, deadline=FAR, campaign=b"\x09" * 32
        )
        if self._send(self.issuer, call):
            self.drops.append((len(self.drops) + 1, to, points))

    def do_claim_drop(self):
        if self.drops:
            drop, to, points = self.dice.choice(self.drops)
            call = self.hub.hub.call("claimDrop", drop, 0, to, points, ())
            self._send(self._person().address, call)

    def do_settle(self):
        debtor, creditor = self.dice.sample(self.programs, 2)
        owner = self.ledger.address("merchant")
        self._send(owner, self.hub.clearing.prepare.settle(debtor, creditor))

    def do_set_limit(self):
        debtor, creditor = self.dice.sample(self.programs, 2)
        limit = self.dice.choice((0, 5_000_000, 60_000_000))
        owner = self.ledger.address("merchant")
        self._send(owner, self.hub.clearing.prepare.set_limit(debtor, creditor, limit))

    def do_set_rules(self):
        owner, program = self.ledger.address("merchant"), self._program()
        prepare = self.hub.prepare
        self._send(
            owner,
            self.dice.choice(
                (
                    prepare.set_validity(program, self.dice.randint(1, 4)),
                    prepare.set_tiers(
                        program, (self.dice.randint(1, 900), self.dice.randint(901, 5_000))
                    ),
                    prepare.set_issuer(program, self.issuer, self.dice.choice((40_000, 20_000))),
                    self.hub.network.prepare.announce_prices(
                        program, 21_000, self.dice.randint(1, 21_000)
                    ),
                )
            ),
        )

    def do_wait(self):
        self.ledger.node.advance(self.dice.randint(1, EPOCH_LENGTH))

    def do_wait_long(self):
        if self.dice.random() < 0.3:
            self.ledger.node.advance(self.dice.randint(1, 4) * EPOCH_LENGTH)

    # ----------------------------------------------------------------- inside

    def _award(self):
        call = self.hub.prepare.award(self._program(), self._person().address, self._points())
        self._send(self.issuer, call)

    def _redemption(self, program, merchant):
        return sign_redeem(
            self._person(),
            self.domain,
            program=program,
            merchant=merchant,
            points=self._points(),
            order_id=next(self.orders),
            deadline=FAR,
        )

    def _program(self):
        return self.dice.choice(self.programs)

    def _person(self):
        return self.dice.choice(self.people)

    def _points(self):
        return self.dice.randint(1, 900)

    def _send(self, sender: str, call: Call) -> bool:
        node = self.ledger.node
        tx = node.send_as(sender, to=call.to, data="0x" + call.data.hex(), gas=hex(3_000_000))
        node.settle()
        done = node.rpc("eth_getTransactionReceipt", tx)["status"] == "0x1"
        self.carried_out += done
        return done
