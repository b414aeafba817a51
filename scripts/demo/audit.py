"""What must hold at the end of the loyalty chapter: the shop's books against the chain.

Everything on the chain is read at one block, so nothing moves between two questions.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.deployments import check as check_code
from crmdapp.chain.events import ERC20Transfer, ERC6909Transfer
from crmdapp.loyalty.award_file import award_file
from crmdapp.loyalty.events import OrdersRedeemed
from crmdapp.loyalty.points import to_points
from scripts.demo.coffee_shop import CoffeeShop, unpack_orders


def audit(shop: CoffeeShop) -> None:
    """Check everything; the results go to the stage's list."""
    _check_files(shop)
    block = shop.now()
    _check_customers(shop, block)
    _check_ledger(shop, block)
    _check_face(shop, block)
    _check_events(shop, block)
    _check_orders(shop, block)
    _check_ether(shop)
    _check_code(shop)


def _check_files(shop: CoffeeShop) -> None:
    """Every award file had its effect, and has none if it is run once more."""
    rows = sum(report.rows for report in shop.files.values())
    awarded = sum(report.rows_awarded for report in shop.files.values())
    shop.stage.check(
        "every line of the award files was awarded",
        awarded == rows,
        f"{awarded:,} of {rows:,} lines in {len(shop.files)} files",
    )
    again = sum(award_file(shop.till, file, shop.program.id).rows_awarded for file in shop.files)
    shop.stage.check(
        "awarding all files once more awards nothing", again == 0, f"{again:,} lines awarded"
    )


def _check_customers(shop: CoffeeShop, block: int) -> None:
    """Lanes, qualifying points and tier of every member, computed from the purchases alone."""
    wrong = []
    for member in shop.members():
        page = shop.page(member)
        found = shop.till.hub.read(
            "statementOf", shop.program.id, shop.address(member), block=block
        )
        expected = (page.by_age(shop.book.epoch), page.qualifying, page.tier, shop.book.epoch)
        if tuple(found) != expected:
            wrong.append(member)
    count = len(list(shop.members()))
    shop.stage.check(
        "every customer's points by age are those of the books",
        not wrong,
        f"{count - len(wrong):,} of {count:,} members"
        + (f", not cards {wrong[:5]}" if wrong else ""),
    )


def _check_ledger(shop: CoffeeShop, block: int) -> None:
    hub, program = shop.till.hub, shop.program.id
    sums = [0, 0, 0, 0]
    for member in shop.members():
        statement = hub.read("statementOf", program, shop.address(member), block=block)
        sums = [total + units for total, units in zip(sums, statement[0], strict=True)]
    owed = list(hub.read("liabilityOf", program, block=block))
    supply = hub.read("totalSupply", program, block=block)
    shop.stage.check(
        "sum over customers = ledger, age by age",
        sums == owed == list(shop.book.by_age()) and sum(sums) == supply,
        f"{to_points(sum(sums), grouped=True)} = {to_points(supply, grouped=True)}",
    )


def _check_face(shop: CoffeeShop, block: int) -> None:
    hub, program = shop.till.hub, shop.program.id
    wrong = [
        member
        for member in shop.members()
        if shop.face.read("balanceOf", shop.address(member), block=block)
        != hub.read("balanceOf", shop.address(member), program, block=block)
    ]
    shown = shop.face.read("totalSupply", block=block)
    supply = hub.read("totalSupply", program, block=block)
    shop.stage.check(
        "ERC-20 face = hub",
        not wrong and shown == supply,
        f"{to_points(shown, grouped=True)} = {to_points(supply, grouped=True)}",
    )


def _check_events(shop: CoffeeShop, block: int) -> None:
    """Both contracts' events tell the same, and add up to what the books hold."""
    moves = [
        (log.event.sender, log.event.receiver, log.event.amount)
        for log in shop.till.events("Transfer", to_block=block)
        if isinstance(log.event, ERC6909Transfer) and log.event.id == shop.program.id
    ]
    shown = [
        (log.event.from_, log.event.to, log.event.value)
        for log in shop.face.events("Transfer", from_block=shop.till.since_block, to_block=block)
        if isinstance(log.event, ERC20Transfer)
    ]
    shop.stage.check(
        "the ERC-20 face reported every move of the hub",
        moves == shown,
        f"{len(shown):,} = {len(moves):,} events",
    )
    left: Counter[str] = Counter()
    for sender, receiver, units in moves:
        left[sender] -= units
        left[receiver] += units
    minted = sum(units for sender, _, units in moves if sender == ZERO_ADDRESS)
    burned = sum(units for _, receiver, units in moves if receiver == ZERO_ADDRESS)
    book = shop.book
    # What expired in accounts that nobody has written since has no event yet.
    differing = [
        address
        for address in set(chain(left, book)) - {ZERO_ADDRESS}
        if left[address] != book.account(address).balance + book.account(address).unwritten
    ]
    shop.stage.check(
        "events add up, account by account",
        not differing
        and minted == book.awarded
        and burned == book.spent + book.lapsed - book.unwritten,
        f"awarded {to_points(minted, grouped=True)}, spent {to_points(book.spent, grouped=True)}, "
        f"expired {to_points(book.lapsed, grouped=True)}",
    )


def _check_orders(shop: CoffeeShop, block: int) -> None:
    orders = [
        order
        for log in shop.till.events("OrdersRedeemed", to_block=block, program=shop.program.id)
        if isinstance(log.event, OrdersRedeemed)
        for order in unpack_orders(log.event.order_ids)
    ]
    shop.stage.check(
        "every signed order was redeemed once",
        sorted(orders) == sorted(shop.orders),
        f"{len(orders):,} orders",
    )


def _check_ether(shop: CoffeeShop) -> None:
    """Of those who only ever signed, nobody was given ether or sent a transaction."""
    connection = shop.stage.connection
    signers = [member for member in shop.members() if not shop.has_wallet(member)]
    spending = [
        member
        for member in signers
        if connection.balance(shop.address(member)) or connection.nonce(shop.address(member))
    ]
    shop.stage.check(
        "members who only sign need no ether",
        not spending,
        f"{len(signers):,} members, 0 wei" if not spending else f"cards {spending[:5]} have some",
    )


def _check_code(shop: CoffeeShop) -> None:
    results = check_code(shop.stage.connection, shop.stage.manifest)
    shop.stage.check(
        "the code on the chain is the package's",
        all(result.ok for result in results),
        ", ".join(
            result.name if result.ok else f"{result.name}: {result.detail}" for result in results
        ),
    )
