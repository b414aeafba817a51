"""Chapter: a thousand customers, one profile each, and what one of them decides."""

from __future__ import annotations

from datetime import UTC, datetime

from crmdapp.customers.audit import FindingKind, audit_receipts
from crmdapp.customers.dedupe import Merges
from crmdapp.customers.importing.importer import plan_import
from crmdapp.customers.leaves import InteractionKind
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.registry_intents import EraseIntent, MergeIntent, RotateIntent, UnmergeIntent
from crmdapp.customers.release_desk import ReleaseRefused
from crmdapp.errors import CrmdappError
from crmdapp.store.errors import KeyFileProblem, SealedInvalid
from scripts.demo.crm import DAY, DELAY, EMAIL, HOUR, Keeper, Person, Reader, category
from scripts.demo.people import customers, write
from scripts.demo.stage import Stage

TITLE = "Customers: one profile, and the customer decides who reads it"

PEOPLE, INTERACTIONS = 1_000, 10_000
LIVE_INTERACTIONS = 200
CERTAIN = 90  # of 100: how alike two profiles are that nobody has to look at


def play(stage: Stage) -> None:
    """Tell the chapter and check it."""
    stage.story.chapter(TITLE)
    stage.deploy()
    keeper = Keeper(stage)
    _tell_import(stage, keeper)
    people = _tell_duplicates(stage, keeper)
    _tell_registration(stage, keeper)
    person = _tell_claim(stage, keeper, people[0])
    _tell_log(stage, keeper, people)
    _tell_omission(stage, keeper, person)
    books, rival = Reader(stage, "Quarto Books", keeper), Reader(stage, "Loud Letters", keeper)
    _tell_consent(stage, keeper, person, books, rival)
    _tell_erasure(stage, keeper, person)


# --------------------------------------------------------------------------- scenes


def _tell_import(stage: Stage, keeper: Keeper) -> None:
    stage.story.scene("A customer list is imported")
    count = stage.members or PEOPLE
    path = stage.folder / "customers.csv"
    write(path, customers(count))
    plan = plan_import(path)
    report = keeper.importer.run(plan)
    again = keeper.importer.run(plan)
    stage.story.say(
        f"{report.records:,} lines became {report.created:,} profiles. Of the others the",
        "keyed tags",
        f"of e-mail and phone were known; {report.queued:,} pairs are so alike that somebody",
        "should",
        "look at them. Every value is sealed, with the file and the line it came from.",
    )
    stage.check(
        "Every line is a profile, belongs to one, or was rejected",
        report.created + report.changed + report.unchanged + report.rejected == count,
        f"{report.created:,} new, {report.changed + report.unchanged:,} known,"
        f" {report.rejected:,} rejected",
    )
    stage.check(
        "A second import of the file changes nothing",
        (again.created, again.skipped) == (report.created, count),
        f"{again.skipped:,} of {count:,} lines skipped",
    )


def _tell_duplicates(stage: Stage, keeper: Keeper) -> list[bytes]:
    """Merge what is certain; return one profile for each person."""
    stage.story.scene("Duplicates meet")
    merges = Merges(keeper.vault.store, clock=lambda: keeper.now)
    pairs = merges.queue()
    before = len(merges.people())
    certain = [pair for pair in pairs if pair.score >= CERTAIN]
    held = [merges.merge(pair.id, "clerk") for pair in certain]
    after = len(merges.people())
    stage.story.say(
        f"{len(held):,} pairs are merged; {len(pairs) - len(held):,} wait for somebody's",
        "eyes. A merge",
        "only says where a profile leads: both keep their data, and each merge can be undone.",
    )
    stage.check(
        "Each merge makes one person of two profiles",
        before - after == len(held),
        f"{before:,} - {len(held):,} = {after:,}",
    )
    if held:
        merges.undo(held[-1].id, "clerk")
        undone = len(merges.people())
        pair = next(pair for pair in merges.queue() if pair.older in _ends(held[-1]))
        merges.merge(pair.id, "clerk")
        stage.check(
            "A merge can be undone and made again",
            (undone, len(merges.people())) == (after + 1, after),
            f"{after:,}, {undone:,}, {after:,} people",
        )
    return merges.people()


def _ends(record: object) -> tuple[bytes, bytes]:
    return record.source, record.into  # type: ignore[attr-defined]


def _tell_registration(stage: Stage, keeper: Keeper) -> None:
    stage.story.scene("The profiles go on chain")
    profiles, links = keeper.enlisting.waiting()
    report = keeper.enlisting.run(deadline=keeper.now + DAY)
    total = report.registered + report.linked
    stage.story.say(
        f"{report.registered:,} profiles and {report.linked:,} further identifiers in",
        f"{report.transactions} transactions, {report.gas_used // max(1, total):,} gas each.",
        "The chain sees ids that nobody can turn back into an address without the pepper.",
    )
    stage.check(
        "All of them are registered",
        (report.registered, report.linked, report.conflicts) == (profiles, links, ()),
        f"{report.registered:,} profiles, {report.linked:,} links",
    )
    merged = Merges(keeper.vault.store, clock=lambda: keeper.now).log()
    if not merged:
        return
    pair = merged[0]
    merge = MergeIntent(pair.source, pair.into, 0, 0, 1, keeper.now + HOUR)
    keeper.registry.merge([keeper.sign(merge)])
    leads = keeper.registry.resolve(pair.source)
    keeper.registry.unmerge([keeper.sign(UnmergeIntent(pair.source, 2, keeper.now + HOUR))])
    back = keeper.registry.resolve(pair.source)
    stage.check(
        "On chain, too, a merge redirects a lookup and can be undone",
        (leads, back) == (pair.into, pair.source),
        "there and back",
    )


def _tell_claim(stage: Stage, keeper: Keeper, cid: bytes) -> Person:
    stage.story.scene("Carla claims her profile")
    custodial = keeper.vault.ciphertexts(cid)
    known = {item.datum.field: keeper.vault.open_custodial(item) for item in custodial}
    person = Person(stage, keeper, cid)
    person.claim()
    intent = RotateIntent(cid, person.controller.address, 0, keeper.now + HOUR)
    keeper.registry.rotate([keeper.sign(intent), person.sign(intent)])
    stage.story.say(
        "Until now the company held the keys of her profile, and says so wherever it shows",
        "it. Now her",
        "device holds them: the company goes on writing, and can not read any more.",
    )
    stage.check(
        "Her key speaks for her profile",
        keeper.registry.customer(cid).controller == person.controller.address,
        "rotated, with both signatures",
    )
    sealed = keeper.vault.ciphertexts(cid)
    opened = {item.datum.field: person.device.open_field(item) for item in sealed}
    stage.check("Her device opens every field", opened == known, f"{len(opened)} fields")
    _cannot(stage, "The company opens none", lambda: keeper.vault.open_custodial(sealed[0]))
    return person


def _tell_log(stage: Stage, keeper: Keeper, people: list[bytes]) -> None:
    stage.story.scene("A day's business, anchored")
    wanted = LIVE_INTERACTIONS if stage.clock.is_live else INTERACTIONS
    count = keeper.note_visits(people, wanted)
    (batch,) = keeper.operator.anchor()
    receipt = stage.connection.receipt(batch.tx_hash)
    gas = 0 if receipt is None else int(receipt["gasUsed"], 16)
    stage.story.say(
        f"{count:,} purchases, each with a signed receipt from the first second, are anchored",
        "in one",
        f"transaction of {gas:,} gas: {gas / count:,.2f} each.",
    )
    stage.check(
        "One transaction holds all of them",
        batch.batch.count == count,
        f"{batch.batch.count:,} of {count:,}",
    )


def _tell_omission(stage: Stage, keeper: Keeper, person: Person) -> None:
    stage.story.scene("An interaction that the company would rather forget")
    pseudonym = keeper.operator.pseudonym("0x" + person.cid.hex())
    complaint = keeper.operator.record(pseudonym, InteractionKind.SUPPORT_NOTE, {"note": "late"})
    proof = keeper.operator.proof(next(keeper.operator.receipts(pseudonym=pseudonym)).leaf)
    assert proof is not None  # it was anchored with the day's business
    proof.verify(list(keeper.log_client.batches(keeper.operator.log)))
    stage.check("She verifies a purchase against the chain alone", True, f"batch {proof.number}")
    # The company anchors what others did, and leaves hers out: another log stands for that.
    log = keeper.log_client
    log.open(1, 60)
    other = keeper.open_log(1)
    mine = other.record(
        other.pseudonym("0x" + person.cid.hex()), InteractionKind.SUPPORT_NOTE, {"note": "late"}
    )
    if stage.clock.is_live:
        stage.story.say("What comes next needs an hour and a day: on a live chain it is left out.")
        return
    _pass(stage, keeper, 2 * DELAY)
    batches = list(log.batches(mine.receipt.log))
    findings = audit_receipts([mine], batches, now=keeper.now, delay=60)
    stage.check(
        "Her audit finds the omission",
        [finding.kind for finding in findings] == [FindingKind.OVERDUE],
        "; ".join(finding.reason for finding in findings),
    )
    log.challenge(mine)
    stage.refused(
        "The log is flagged before the company could answer", lambda: log.flag(mine.receipt)
    )
    _pass(stage, keeper, 2 * DAY)
    log.flag(mine.receipt)
    stage.story.say(
        "She posted the receipt. The company had a day to show the interaction in a batch,",
        "and could",
        "not. From now on everybody sees that this log breaks its word.",
    )
    stage.check(
        "The log is flagged for everyone",
        log.standing(mine.receipt.log).flags == 1,
        "1 unanswered receipt",
    )
    keeper.operator.anchor()
    stage.check(
        "The honest log is not",
        log.standing(complaint.receipt.log).flags == 0,
        "0 unanswered receipts",
    )


def _tell_consent(
    stage: Stage, keeper: Keeper, person: Person, books: Reader, rival: Reader
) -> None:
    stage.story.scene("A consent for one company, one purpose, one category")
    request = books.ask(person.identity(books).address)
    terms = request.terms
    receipt = person.consent(books, request)
    answer, signed, found = books.read(terms)
    own = {
        item.datum.field: person.device.open_field(item)
        for item in keeper.vault.ciphertexts(person.cid, 1 << category(EMAIL))
    }
    stage.story.say(
        f"{books.name} may read her e-mail address to write to her, and nothing else. She",
        "paid nothing",
        f"for it; the chain sees a hash ({receipt.gas_used:,} gas, paid by the company).",
    )
    stage.check(
        "The company reads what she permitted, and only that",
        found == own and set(found) == {"email"},
        f"{', '.join(sorted(found))} of {len(keeper.vault.ciphertexts(person.cid))} fields",
    )
    stage.check(
        "The disclosure is in her log",
        answer.receipt.contents is not None
        and answer.receipt.contents.interaction.kind == InteractionKind.DISCLOSURE,
        f"interaction {answer.receipt.receipt.customer_seq}",
    )
    _cannot(
        stage,
        f"{rival.name} opens the answer that it got hold of",
        lambda: rival.open(answer.release, signed),
    )
    _cannot(
        stage,
        f"{rival.name} asks with terms of its own",
        lambda: rival.read(rival.ask(person.identity(rival).address).terms),
    )
    stage.story.scene("She takes it back")
    person.withdraw(books, terms)
    keeper.vault.write(
        person.cid, "email", category(EMAIL), b"carla.new@example.org", "online_form"
    )
    _cannot(stage, f"{books.name} asks again", lambda: books.read(terms))
    stolen = {item.wrap.key_id for item in answer.release.wraps}
    (newest,) = keeper.vault.ciphertexts(person.cid, 1 << category(EMAIL))
    stage.check(
        "What is written from now on needs a key that nobody else ever had",
        newest.datum.key_id not in stolen
        and person.device.open_field(newest) == b"carla.new@example.org",
        "the next epoch; her own device reads it",
    )


def _tell_erasure(stage: Stage, keeper: Keeper, person: Person) -> None:
    stage.story.scene("She ends it")
    pseudonym = keeper.operator.pseudonym("0x" + person.cid.hex())
    last = keeper.vault.ciphertexts(person.cid)
    request = person.device.request_erasure(person.cid, deadline=keeper.now + HOUR)
    receipt = keeper.vault.erase(person.cid, request)
    keeper.operator.erase(pseudonym)
    intent = EraseIntent(person.cid, receipt.hash, 1, keeper.now + HOUR)
    keeper.registry.submit(person.sign(intent))
    person.device.destroy()
    stage.story.say(
        "The company destroyed fields, wraps, salts and links, and signed a receipt whose",
        "hash is in",
        "the tombstone. Her device destroyed the keys. The anchored leaves stay, as random",
        "numbers.",
    )
    stage.check(
        "Her profile is a tombstone",
        keeper.registry.customer(person.cid).status is CustomerStatus.ERASED,
        f"receipt 0x{receipt.hash.hex()[:8]}...",
    )
    _cannot(stage, "Her device opens a copy of the data", lambda: person.device.open_field(last[0]))
    plain = [b"carla.new@example.org", *(item.sealed for item in last)]
    names = sorted(path for path in keeper.files.iterdir() if path.is_file())
    left = [path.name for path in names if any(value in path.read_bytes() for value in plain)]
    stage.check(
        "No file of the company holds a value or a sealed field of hers",
        left == [],
        ", ".join(left) or f"{len(names)} files searched",
    )


def _pass(stage: Stage, keeper: Keeper, seconds: int) -> None:
    stage.clock.reach(datetime.fromtimestamp(keeper.now + seconds, UTC))


def _cannot(stage: Stage, attempt: str, act: object) -> None:
    """Check that something is impossible, and tell how it failed."""
    try:
        act()  # type: ignore[operator]
    except (ReleaseRefused, SealedInvalid, KeyFileProblem, CrmdappError) as error:
        stage.story.say(f"{attempt}: {error.message}")
        stage.check(attempt + ": impossible", True, error.code)
    else:
        stage.check(attempt + ": impossible", False, "it worked")
