"""Chapter: eighteen months of a coffee shop's points, from the first award to the last check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from crmdapp.chain.deployments import HALF_YEAR
from crmdapp.loyalty.events import TierRaised
from crmdapp.loyalty.intents import sign_transfer
from crmdapp.loyalty.models import Statement
from crmdapp.loyalty.points import to_points
from scripts.demo import audit
from scripts.demo.coffee_shop import BUDGET, HOUR, NAME, REWARD, TIERS, VALIDITY, CoffeeShop
from scripts.demo.purchases import OPENING, Purchase, read
from scripts.demo.stage import Stage

TITLE = "Loyalty: a coffee shop and its points"

HALVES = 3
GIFT = 25_00
SETTLED = timedelta(days=2)  # into an epoch, so that nothing depends on its first second
CLOSING = timedelta(hours=22)
LIVE_LEAD = timedelta(days=75)  # in real time, blocks take a good part of a short epoch


def play(stage: Stage) -> None:
    """Tell the chapter and check it."""
    stage.story.chapter(TITLE)
    stage.deploy()
    shop = CoffeeShop(stage)
    _tell_opening(shop)
    purchases = _purchases(stage.members)
    for half in range(HALVES):
        stage.clock.reach(_start(half) + SETTLED)
        if half == VALIDITY:
            _tell_expiry(shop)
        _live(shop, half, purchases)
        _TELL_AFTER[half](shop)
    stage.clock.reach(_start(HALVES) + SETTLED)
    stage.story.scene("The next half-year begins")
    _tell_liability(shop)
    audit.audit(shop)


# --------------------------------------------------------------------------- scenes


def _tell_opening(shop: CoffeeShop) -> None:
    story, stage = shop.stage.story, shop.stage
    story.scene("A ledger that nobody owns")
    rows = [(item.name, item.address, f"{item.block:,}") for item in stage.manifest]
    story.table(
        f"Deployed on chain {stage.connection.chain_id}",
        ("contract", "address", "block"),
        rows,
        words=2,
    )
    story.say(
        "Every brand's points live in this one contract. It has no owner, no pause and no upgrade.",
        f"Its clock counts epochs of {shop.till.clock.epoch_length:,} seconds from",
        f"{stage.clock.label(shop.till.clock.start_of(4))} on.",
    )
    story.scene(f"{NAME} opens a program")
    program = shop.program
    tiers = ", ".join(f"{name} from {to_points(units)}" for name, units in TIERS.items())
    story.table(
        f"Program {program.id}",
        ("setting", "value"),
        (
            ("owner", program.owner),
            ("ERC-20 face", str(program.token)),
            ("points live", f"{program.validity} epochs, that of the award included"),
            ("tiers", tiers),
            ("till", f"may give {to_points(BUDGET, grouped=True)} points per epoch"),
        ),
        words=2,
    )
    shop.stage.refused(
        "The till gives itself a million points",
        lambda: shop.till.award(program.id, shop.till.sender.address, 1_000_000_00),
    )
    shop.stage.refused(
        "The owner gives points without being an issuer",
        lambda: shop.owner.award(program.id, program.owner, 100),
    )


def _live(shop: CoffeeShop, half: int, purchases: Sequence[Purchase]) -> None:
    """Half a year of purchases, award files and coffees on the house."""
    stage = shop.stage
    stage.story.scene(f"Half-year {half + 1}: a point for every euro")
    rows = []
    for name, items in _periods(half, purchases, is_live=stage.clock.is_live):
        with stage.story.waiting(name):
            stage.clock.reach(_closing(items[-1].time, is_live=stage.clock.is_live))
            report = shop.award(name, items)
            rewards = shop.collect_rewards()
        rows.append(
            (
                name,
                f"{report.rows:,}",
                to_points(report.units, grouped=True),
                f"{report.gas // report.rows:,}",
                f"{rewards.orders:,}",
                to_points(rewards.units, grouped=True),
                f"{rewards.gas // rewards.orders:,}" if rewards.orders else "",
            )
        )
    headings = ("until", "purchases", "points", "gas/award", "orders", "spent", "gas/order")
    stage.story.table(
        "Awarded from the till's export; spent by signature",
        headings,
        rows,
        spare=("purchases", "gas/award", "orders", "gas/order"),
    )
    members = _members_by_tier(shop)
    tiers = (f"{name} {members[number]:,}" for number, name in enumerate(TIERS, start=1))
    stage.story.say(f"Members: {', '.join(tiers)}.")
    _tell_liability(shop)


def _tell_tiers(shop: CoffeeShop) -> None:
    shop.stage.story.scene("Tiers rise by themselves")
    members = _members_by_tier(shop)
    shop.stage.story.table(
        "Members by tier",
        ("tier", "from", "members"),
        [
            (name, to_points(units), f"{members[number]:,}")
            for number, (name, units) in enumerate(TIERS.items(), start=1)
        ],
    )
    shop.stage.story.say(
        "The award itself raises the tier. Only awards count: points that were given by a friend",
        "open no tier, and points that were spent close none.",
    )


def _tell_wallets(shop: CoffeeShop) -> None:
    """Members with ether act for themselves: they spend and give."""
    spender, giver = _with_oldest(shop, 2)
    friend = next(member for member in _richest(shop) if member not in (spender, giver))
    _tell_oldest_first(shop, spender)
    _tell_gift(shop, giver, friend)


def _tell_oldest_first(shop: CoffeeShop, member: int) -> None:
    story, client = shop.stage.story, shop.wallet(member)
    story.scene("The oldest points are spent first")
    shop.now()
    before = client.statement(shop.program.id, shop.address(member))
    oldest = before.lots[0].units
    units = min(before.balance, oldest + 10_00)
    receipt = shop.booked(client.redeem(shop.program.id, units))
    shop.book.spend(shop.address(member), units)
    after = client.statement(shop.program.id, shop.address(member))
    _tell_statements(shop, f"Card {member} spends {to_points(units)} points", before, after)
    story.say(f"One transaction of the member's own, {receipt.gas_used:,} gas.")
    kept = sum(after.by_age) == before.balance - units
    shop.stage.check(
        "the oldest points are spent first",
        kept and after.by_age[before.lots[0].age] == max(0, oldest - units),
        f"{to_points(oldest)} were oldest, {to_points(units)} were spent",
    )


def _tell_gift(shop: CoffeeShop, giver: int, friend: int) -> None:
    story, program = shop.stage.story, shop.program.id
    story.scene("A gift keeps its age")
    wallet = shop.wallet(giver)
    before = wallet.statement(program, shop.address(friend))
    shop.now()
    units = min(GIFT, shop.page(giver).balance)
    shop.booked(wallet.transfer(program, shop.address(friend), units))
    shop.book.move(shop.address(giver), shop.address(friend), units)
    after = wallet.statement(program, shop.address(friend))
    _tell_statements(
        shop, f"Card {giver} gives card {friend} {to_points(units)} points", before, after
    )
    story.say(
        "They expire when the giver's would have: no chain of gifts makes points live longer.",
        "The friend's wallet shows them as an ERC-20 token, and sends 5.00 back there.",
    )
    friend_wallet = shop.wallet(friend)
    call = shop.face.call("transfer", shop.address(giver), 5_00)
    shop.booked(friend_wallet.send(call))
    shop.book.move(shop.address(friend), shop.address(giver), 5_00)
    shown = shop.face.read("balanceOf", shop.address(friend))
    story.say(f"Token {shop.face.read('symbol')}: {to_points(shown)}.")


def _tell_expiry(shop: CoffeeShop) -> None:
    story = shop.stage.story
    story.scene("Points expire")
    lapsed_before = shop.book.lapsed
    shop.now()
    losers = [member for member in shop.members() if shop.page(member).lapsed]
    story.say(
        f"The epoch ended. {to_points(shop.book.lapsed - lapsed_before, grouped=True)} points of",
        f"{len(losers):,} members from the first half-year are gone. No transaction did that:",
        "the ledger reads the clock.",
    )
    _tell_liability(shop)
    if losers:
        member = max(losers, key=lambda member: shop.page(member).lapsed)
        page = shop.page(member)
        intent = shop.order(member, page.balance + page.lapsed)
        shop.stage.refused(
            f"Card {member} spends what it had before",
            lambda: shop.till.submit(intent),
        )


def _tell_without_ether(shop: CoffeeShop) -> None:
    """A member who holds no ether signs; the merchant submits and pays."""
    story, connection = shop.stage.story, shop.stage.connection
    story.scene("A customer without ether")
    shop.now()
    member = next(member for member in _richest(shop) if not shop.has_wallet(member))
    units = min(REWARD, shop.page(member).balance)
    signed = shop.order(member, units)
    story.table(
        f"What the phone of card {member} signs (EIP-712)",
        ("field", "value"),
        [(name, str(value)) for name, value in signed.to_json()["typedData"]["message"].items()],
        words=2,
    )
    rewards = shop.relay([signed])
    ether = connection.balance(shop.address(member))
    story.say(
        f"The till submits it: {to_points(rewards.units)} points are spent, {rewards.gas:,} gas,",
        f"paid by the merchant. Ether of card {member}: {ether}. Transactions it ever sent:",
        f"{connection.nonce(shop.address(member))}.",
    )
    shop.stage.check(
        "a customer without ether redeemed by signature",
        rewards.orders == 1 and ether == 0,
        f"card {member}, {to_points(units)} points, {ether} wei",
    )
    shop.stage.refused("The till submits the order again", lambda: shop.till.submit(signed))
    another = shop.order(member, units)
    more = replace(another.intent, points=units + 1)
    forged = replace(another, intent=more)
    shop.stage.refused("The till asks for more than was signed", lambda: shop.till.submit(forged))
    _tell_signed_gift(shop, member)


def _tell_signed_gift(shop: CoffeeShop, member: int) -> None:
    friend = _richest(shop)[0]
    units = min(1_00, shop.page(member).balance)
    if friend == member or not units:
        return
    deadline = shop.stage.connection.block_timestamp() + HOUR
    gift = sign_transfer(
        shop.key(member),
        shop.till.domain,
        program=shop.program.id,
        to=shop.address(friend),
        points=units,
        nonce=1,
        deadline=deadline,
    )
    shop.booked(shop.till.submit(gift))
    shop.book.move(shop.address(member), shop.address(friend), units)
    shop.stage.story.say(
        f"The same way, card {member} gave card {friend} {to_points(units)} points."
    )


# --------------------------------------------------------------------------- pieces


_TELL_AFTER = (_tell_tiers, _tell_wallets, _tell_without_ether)


def _tell_liability(shop: CoffeeShop) -> None:
    liability = shop.till.liability(shop.program.id)
    rows = [
        (
            f"until {shop.stage.clock.label(lot.expires_at)}",
            share,
            to_points(lot.units, grouped=True),
        )
        for lot, share in zip(liability.lots, liability.shares(1_000), strict=True)
        if lot.units
    ]
    title = f"The shop owes {to_points(liability.total, grouped=True)} points"
    shop.stage.story.bars(title, rows or [("nothing", 0, "0.00")])


def _tell_statements(shop: CoffeeShop, title: str, before: Statement, after: Statement) -> None:
    ages = [age for age in reversed(range(4)) if before.by_age[age] or after.by_age[age]]
    shop.stage.story.table(
        title,
        ("expires", "before", "after"),
        [
            (
                shop.stage.clock.label(after.expiries[age]),
                to_points(before.by_age[age]),
                to_points(after.by_age[age]),
            )
            for age in ages
        ],
    )


def _richest(shop: CoffeeShop) -> list[int]:
    """All members, those with most points first; among equals, the lower card."""
    shop.now()
    return sorted(shop.members(), key=lambda member: (-shop.page(member).balance, member))


def _with_oldest(shop: CoffeeShop, number: int) -> list[int]:
    """Members with most points that expire next."""
    ends = shop.book.epoch + 1
    return sorted(_richest(shop), key=lambda member: -shop.page(member).lots[ends])[:number]


def _members_by_tier(shop: CoffeeShop) -> Counter[int]:
    reached: dict[str, int] = {}
    for log in shop.till.events("TierRaised", program=shop.program.id):
        assert isinstance(log.event, TierRaised)
        reached[log.event.account] = log.event.tier
    return Counter(reached.values())


def _purchases(members: int | None) -> list[Purchase]:
    """All purchases, or those of the members who come most often."""
    purchases = read()
    visits = Counter(item.member for item in purchases)
    taking_part = {member for member, _ in visits.most_common(members)}
    return [item for item in purchases if item.member in taking_part]


def _periods(
    half: int, purchases: Sequence[Purchase], *, is_live: bool
) -> Iterator[tuple[str, list[Purchase]]]:
    """The months of a half-year; its quarters if time passes by itself."""
    months = 3 if is_live else 1

    def period(item: Purchase) -> tuple[int, int]:
        return item.time.year, (item.time.month - 1) // months

    own = [item for item in purchases if _half_of(item.time) == half]
    for (year, number), items in groupby(own, key=period):
        yield f"{year}-{number * months + months:02}", list(items)


def _half_of(time: datetime) -> int:
    return (time.year - OPENING.year) * 2 + (time.month - 1) // 6


def _closing(last: datetime, *, is_live: bool) -> datetime:
    """The evening of the last day; earlier if blocks take their time."""
    day = last.replace(hour=0, minute=0, second=0)
    return day + CLOSING - (LIVE_LEAD if is_live else timedelta())


def _start(half: int) -> datetime:
    return OPENING + timedelta(seconds=half * HALF_YEAR)
