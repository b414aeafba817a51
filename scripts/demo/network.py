"""Chapter: three merchants, one network: earn here, spend there, change, give, return, settle."""

from __future__ import annotations

from datetime import timedelta
from secrets import randbits

from crmdapp.chain.deployments import HALF_YEAR
from crmdapp.loyalty.coin import to_decimal
from crmdapp.loyalty.coupons import sign_coupon
from crmdapp.loyalty.gifts import Gift
from crmdapp.loyalty.intents import SignedIntent, sign_exchange, sign_redeem, sign_transfer
from crmdapp.loyalty.points import to_points
from crmdapp.loyalty.terms import TermsClient
from crmdapp.loyalty.terms_acceptance import sign_acceptance
from scripts.demo.merchants import COIN, Customer, Merchant, Trade
from scripts.demo.purchases import OPENING
from scripts.demo.stage import Stage

TITLE = "Loyalty: three merchants, one network"

TRADES = (
    Trade("Meridian Air", "MILE", 1, on_ramp=12_000, off_ramp=10_000, deposit=900, limit=300),
    Trade("Osteria Sole", "SOLE", 2, on_ramp=100_000, off_ramp=80_000, deposit=200, limit=50),
    Trade("Quarto Books", "PAGE", 4, on_ramp=50_000, off_ramp=40_000, deposit=200, limit=50),
)
FLIGHT = 8_000_00  # miles
DINNER = 2_500_00  # miles
RETURNED = 1_000_00  # of the dinner's
CHANGED = 1_500_00  # miles
GIFT = 100_00  # bookshop points
VOUCHER = 50_00
MEAL = 60_00  # restaurant points
CLAWBACK = 14 * 86_400  # seconds in which awards can be reversed
SPLURGE = 40_000_00  # miles: more than the airline may owe the restaurant
SETTLED = timedelta(days=2)  # into an epoch
ORDER, COUPON = 1, 1


class Network:
    """The chapter's cast.

    Attributes:
        stage: Where it is.
        air: The airline.
        sole: The restaurant.
        books: The bookshop.
        ada: Flies, dines and reads.
        ben: Her friend.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        merchants: list[Merchant] = []
        for trade in TRADES:
            newcomer = Merchant(stage, trade, merchants)
            for earlier in merchants:
                earlier.accept(newcomer)
            merchants.append(newcomer)
        self.merchants = tuple(merchants)
        self.air, self.sole, self.books = merchants
        self.ada, self.ben = Customer(stage, "Ada"), Customer(stage, "Ben")
        self.terms = TermsClient.at(stage.connection, stage.manifest, self.air.owner.sender)
        self.terms_hash = bytes(32)

    def balance(self, merchant: Merchant, customer: Customer) -> int:
        """Return the units that a customer has of a merchant."""
        return merchant.till.balance(merchant.program, customer.address)

    def owed(self, debtor: Merchant, creditor: Merchant) -> int:
        """Return what a merchant owes another, in 10^-6 of the coin."""
        owed: int
        owed, _ = debtor.till.hub.read("positionOf", debtor.program, creditor.program)
        return owed

    def worth(self, merchant: Merchant) -> int:
        """Return a merchant's deposit, with what it is owed and without what it owes."""
        deposit = merchant.owner.clearing.deposit_of(merchant.program).value
        others = [other for other in self.merchants if other is not merchant]
        return deposit + sum(
            self.owed(other, merchant) - self.owed(merchant, other) for other in others
        )


def play(stage: Stage) -> None:
    """Tell the chapter and check it."""
    stage.story.chapter(TITLE)
    stage.deploy()
    _wait_for_a_new_epoch(stage)
    cast = _tell_joining(stage)
    _tell_terms(cast)
    _tell_earning(cast)
    _tell_dinner(cast)
    _tell_exchange(cast)
    _tell_gift(cast)
    _tell_coupon(cast)
    _tell_refund(cast)
    _tell_wallet(cast)
    _tell_expiry(cast)
    _tell_settlement(cast)
    for customer in (cast.ada, cast.ben):
        stage.check(
            f"{customer.name} never had ether", customer.ether() == 0, f"{customer.ether()} wei"
        )


# --------------------------------------------------------------------------- scenes


def _tell_joining(stage: Stage) -> Network:
    stage.story.scene("Three merchants join")
    cast = Network(stage)
    stage.story.table(
        "Each published two prices and paid in a deposit, in coins",
        ("merchant", "program", "epochs", "a point costs", "pays", "deposit"),
        [
            (
                merchant.trade.name,
                str(merchant.program),
                str(merchant.trade.validity),
                to_decimal(merchant.trade.on_ramp),
                to_decimal(merchant.trade.off_ramp),
                to_decimal(merchant.joined.deposit.value, grouped=True),
            )
            for merchant in cast.merchants
        ],
    )
    stage.story.say(
        "None of them asked another for leave, and none trusts another: what each may owe the",
        "others lies in the clearing house as coin.",
    )
    stage.refused(
        "The airline promises more than it paid in",
        lambda: cast.air.owner.clearing.set_limit(cast.air.program, cast.sole.program, 700 * COIN),
    )
    return cast


def _tell_terms(cast: Network) -> None:
    story = cast.stage.story
    story.scene("The rules under a legal text")
    bundle = cast.terms.draft(cast.air.program, law="the law of Utopia")
    version = cast.terms.publish(bundle, key="terms")
    cast.terms_hash = version.bundle_hash
    story.say(
        f"The airline publishes its terms: {len(bundle.prose.split()):,} words, and the figures",
        f"that the contract compared with its state. Hash 0x{cast.terms_hash.hex()[:16]}...",
    )
    signed = sign_acceptance(
        cast.ada.key,
        cast.terms.domain,
        program=cast.air.program,
        bundle_hash=cast.terms_hash,
        nonce=randbits(256),
        deadline=cast.ada.deadline,
    )
    cast.terms.submit(signed)
    accepted = cast.terms.is_accepted(cast.air.program, cast.terms_hash, cast.ada.address)
    cast.stage.check("Ada accepted the airline's terms by signature", accepted, "on chain")
    later = cast.terms.draft(cast.air.program, law="the law of Utopia")
    cast.air.owner.returns.set_clawback(cast.air.program, CLAWBACK)
    cast.stage.refused(
        "The airline publishes terms that its program contradicts",
        lambda: cast.terms.publish(later, key="later terms"),
    )


def _tell_earning(cast: Network) -> None:
    cast.stage.story.scene("Ada flies")
    cast.air.till.award(cast.air.program, cast.ada.address, FLIGHT, key="flight 1")
    cast.air.till.award(cast.air.program, cast.ada.address, FLIGHT, key="flight 1")  # a retry
    balance = cast.balance(cast.air, cast.ada)
    cast.sole.till.award(cast.sole.program, cast.ben.address, MEAL, key="meal 1")
    cast.stage.story.say(
        f"{to_points(FLIGHT, grouped=True)} miles, once, though the till sent twice. Ben, who eats",
        f"at {cast.sole.trade.name}, has {to_points(MEAL)} points of its own.",
    )
    cast.stage.check("a retried award counts once", balance == FLIGHT, to_points(balance))


def _tell_dinner(cast: Network) -> None:
    story, air, sole = cast.stage.story, cast.air, cast.sole
    story.scene("She dines on miles")
    signed = _dinner(cast, DINNER, ORDER)
    report = sole.relay(signed, refundable=True)
    expected = -(-DINNER * air.trade.off_ramp // 100)
    owed = cast.owed(air, sole)
    story.say(
        f"Ada signs on her phone: {to_points(DINNER, grouped=True)} miles for order {ORDER} of",
        f"{sole.trade.name}, nothing else. The restaurant submits it for",
        f"{report.receipts[0].gas_used:,} gas and is owed {to_decimal(owed)} coins by the airline.",
    )
    cast.stage.check(
        "miles spent at the restaurant are owed to it", owed == expected, to_decimal(owed)
    )
    cast.stage.refused("The restaurant submits the order again", lambda: sole.till.submit(signed))
    air.till.award(air.program, cast.ben.address, SPLURGE, key="flight 2")
    splurge = sign_redeem(
        cast.ben.key,
        sole.till.domain,
        program=air.program,
        merchant=sole.program,
        points=SPLURGE,
        order_id=ORDER + 1,
        deadline=cast.ben.deadline,
    )
    cast.stage.refused(
        "Ben spends more than the airline's deposit covers", lambda: sole.till.submit(splurge)
    )


def _tell_exchange(cast: Network) -> None:
    story, air, books = cast.stage.story, cast.air, cast.books
    story.scene("She changes miles into books")
    quote = books.till.network.quote_exchange(
        air.program, CHANGED, books.program, account=cast.ada.address
    )
    books.relay(_exchange(cast, quote.received))
    received = cast.balance(books, cast.ada)
    expected = CHANGED * air.trade.off_ramp // books.trade.on_ramp
    story.say(
        f"{to_points(CHANGED, grouped=True)} miles become {to_points(received)} points of the",
        "bookshop, at the published prices, and expire when the miles would have.",
    )
    cast.stage.check(
        "an exchange pays the published rate", received == expected, to_points(received)
    )
    back = books.till.network.quote_exchange(
        books.program, received, air.program, account=cast.ada.address
    )
    cast.stage.check(
        "no round trip earns",
        back.received <= CHANGED,
        f"{to_points(CHANGED)} -> {to_points(received)} -> {to_points(back.received)}",
    )
    cast.stage.refused(
        "Somebody submits an exchange below what Ada signed for",
        lambda: books.till.submit(_exchange(cast, received + 1)),
    )


def _tell_gift(cast: Network) -> None:
    story, books = cast.stage.story, cast.books
    story.scene("She gives some to Ben")
    gift = Gift.new(books.till.domain, books.program)
    to_gift = sign_transfer(
        cast.ada.key,
        books.till.domain,
        program=books.program,
        to=gift.address,
        points=GIFT,
        nonce=randbits(256),
        deadline=cast.ada.deadline,
    )
    books.relay(to_gift)
    again = Gift.parse(gift.link())  # what Ben's phone reads from the QR code
    books.relay(again.sign_claim(cast.ben.address, GIFT, deadline=cast.ben.deadline))
    got = cast.balance(books, cast.ben)
    story.say(
        "The points lie at the address of a key that travels in a QR code. Ben scans it, the key",
        "signs, the bookshop pays the gas. Neither of them has ether.",
    )
    cast.stage.check("a gift arrives without ether", got == GIFT, to_points(got))


def _tell_coupon(cast: Network) -> None:
    story, books = cast.stage.story, cast.books
    story.scene("A coupon for Ben")
    key = cast.stage.signer("bookshop coupon key")
    books.owner.campaigns.set_coupon_key(books.program, key.address, 1_000_00)
    before = cast.balance(books, cast.ben)
    coupon = sign_coupon(
        key,
        books.till.domain,
        program=books.program,
        to=cast.ben.address,
        points=VOUCHER,
        order_id=COUPON,
        issued=books.till.campaigns.issued(books.program),
        deadline=cast.ben.deadline,
    )
    books.till.campaigns.claim_coupon(coupon)
    gained = cast.balance(books, cast.ben) - before
    story.say(f"Worth {to_points(VOUCHER)} points to him, and to nobody else.")
    cast.stage.check("the coupon pays its customer", gained == VOUCHER, to_points(gained))
    cast.stage.refused(
        "The coupon is claimed again", lambda: books.till.campaigns.claim_coupon(coupon)
    )


def _tell_refund(cast: Network) -> None:
    story, air, sole = cast.stage.story, cast.air, cast.sole
    story.scene("The fish was off: part of the dinner comes back")
    before, owed = cast.balance(air, cast.ada), cast.owed(air, sole)
    redemption = sole.till.returns.redemption(sole.program, ORDER)
    sole.till.returns.refund_redemption(redemption, RETURNED, key="fish")
    back = cast.balance(air, cast.ada) - before
    less = owed - cast.owed(air, sole)
    story.say(
        f"{to_points(back, grouped=True)} miles are Ada's again, of the age they had; the airline",
        f"owes the restaurant {to_decimal(less)} coins less.",
    )
    cast.stage.check("a part of an order is refunded", back == RETURNED, to_points(back))
    cast.stage.check(
        "and its value goes back too",
        less == RETURNED * air.trade.off_ramp // 100,
        to_decimal(less),
    )
    rest = DINNER - RETURNED
    cast.stage.refused(
        "The restaurant refunds more than was spent",
        lambda: sole.till.returns.refund_redemption(redemption, rest + 1, key="too much"),
    )


def _tell_wallet(cast: Network) -> None:
    cast.stage.story.scene("One wallet for all brands")
    holdings = list(cast.ada.holdings(cast.books.till))
    cast.stage.story.table(
        "What Ada has",
        ("brand", "points", "worth", "expires"),
        [
            (
                holding.program.name,
                to_points(lot.units, grouped=True),
                to_decimal(holding.prices.value_of(lot.units)),
                cast.stage.clock.label(lot.expires_at),
            )
            for holding in holdings
            for lot in holding.lots
        ],
    )
    kept = FLIGHT - DINNER - CHANGED + RETURNED
    found = {holding.program.id: holding.points for holding in holdings}
    books = CHANGED * cast.air.trade.off_ramp // cast.books.trade.on_ramp - GIFT
    cast.stage.check(
        "the wallet shows every brand",
        found == {cast.air.program: kept, cast.books.program: books},
        ", ".join(to_points(units) for units in found.values()),
    )


def _tell_expiry(cast: Network) -> None:
    story = cast.stage.story
    story.scene("Before and after the half-year ends")
    before = {merchant: _liability(merchant) for merchant in cast.merchants}
    for merchant, byage in before.items():
        _tell_liability(cast, merchant, byage)
    _wait_for_a_new_epoch(cast.stage)
    story.say("The epoch ended. Miles live one epoch, and so do points that were miles.")
    after = {merchant: _liability(merchant) for merchant in cast.merchants}
    for merchant, byage in after.items():
        _tell_liability(cast, merchant, byage)
    cast.stage.check(
        "miles expired, and points that were miles",
        sum(after[cast.air]) == 0
        and cast.balance(cast.books, cast.ada) == 0
        and cast.balance(cast.books, cast.ben) == VOUCHER,
        f"{to_points(sum(before[cast.air]), grouped=True)} miles",
    )
    cast.stage.check(
        "liability moves to the next age, and what was oldest is gone",
        all(after[each] == (0, *before[each][:3]) for each in cast.merchants),
        "three programs",
    )


def _tell_settlement(cast: Network) -> None:
    story, air = cast.stage.story, cast.air
    story.scene("The merchants settle")
    worths = [cast.worth(merchant) for merchant in cast.merchants]
    deposits = [_deposit(merchant) for merchant in cast.merchants]
    air.owner.clearing.settle_many(air.program, [cast.sole.program, cast.books.program])
    after = [_deposit(merchant) for merchant in cast.merchants]
    story.table(
        "Deposits, in coins",
        ("merchant", "before", "after"),
        [
            (merchant.trade.name, to_decimal(old, grouped=True), to_decimal(new, grouped=True))
            for merchant, old, new in zip(cast.merchants, deposits, after, strict=True)
        ],
    )
    cast.stage.check(
        "settling leaves everybody's worth unchanged",
        [cast.worth(merchant) for merchant in cast.merchants] == worths
        and deposits != after
        and sum(deposits) == sum(after),
        ", ".join(to_decimal(worth) for worth in worths),
    )
    left = [cast.owed(air, other) for other in (cast.sole, cast.books)]
    cast.stage.check("nobody owes anything", left == [0, 0], "0 coins")
    clearing = air.owner.clearing
    held = clearing.money.balance(clearing.house.address)
    cast.stage.check(
        "the clearing house holds every deposit", held == sum(after), to_decimal(held, grouped=True)
    )


# --------------------------------------------------------------------------- pieces


def _dinner(cast: Network, points: int, order: int) -> SignedIntent:
    return sign_redeem(
        cast.ada.key,
        cast.sole.till.domain,
        program=cast.air.program,
        merchant=cast.sole.program,
        points=points,
        order_id=order,
        deadline=cast.ada.deadline,
        terms_hash=cast.terms_hash,
    )


def _exchange(cast: Network, least: int) -> SignedIntent:
    return sign_exchange(
        cast.ada.key,
        cast.books.till.domain,
        program=cast.air.program,
        to_program=cast.books.program,
        points=CHANGED,
        min_points=least,
        nonce=randbits(256),
        deadline=cast.ada.deadline,
        terms_hash=cast.terms_hash,
    )


def _liability(merchant: Merchant) -> tuple[int, ...]:
    return merchant.till.liability(merchant.program).by_age


def _deposit(merchant: Merchant) -> int:
    return merchant.owner.clearing.deposit_of(merchant.program).value


def _tell_liability(cast: Network, merchant: Merchant, by_age: tuple[int, ...]) -> None:
    liability = merchant.till.liability(merchant.program)
    rows = [
        (
            f"until {cast.stage.clock.label(lot.expires_at)}",
            share,
            to_points(lot.units, grouped=True),
        )
        for lot, share in zip(liability.lots, liability.shares(1_000), strict=True)
        if lot.units
    ]
    title = f"{merchant.trade.name} owes {to_points(sum(by_age), grouped=True)} points"
    cast.stage.story.bars(title, rows or [("nothing", 0, "0.00")])


def _wait_for_a_new_epoch(stage: Stage) -> None:
    """Go just into the next half-year of the story."""
    passed = stage.connection.block_timestamp() - stage.clock.timestamp(OPENING)
    half = passed // stage.clock.epoch_length + 1
    stage.clock.reach(OPENING + timedelta(seconds=half * HALF_YEAR) + SETTLED)
