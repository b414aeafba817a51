"""The sample's customers as the coffee shop keeps them: sealed profiles, consents, receipts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from crmdapp.chain._files import replace
from crmdapp.chain._keccak import keccak
from crmdapp.customers.consent_book import ConsentBook
from crmdapp.customers.consent_intents import SignedGrant, sign_grant, sign_withdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.importing.enlisting import Enlisting
from crmdapp.customers.importing.importer import Importer, plan_import
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import InteractionKind
from crmdapp.customers.log_journal import LogJournal
from crmdapp.customers.log_keys import LogKeys
from crmdapp.customers.matching import match_key
from crmdapp.customers.noting import NewInteraction
from crmdapp.customers.operator import LogOperator
from crmdapp.customers.registry import RegistryClient
from crmdapp.customers.tags import PepperFile, TagSpace, read_pepper
from crmdapp.customers.terms import ConsentTerms, new_terms
from crmdapp.customers.terms_file import load_terms, terms_text
from crmdapp.sample.people import Member, members
from crmdapp.sample.stage import DAY, Stage
from crmdapp.store.database import open_store
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault

LEVEL = 1
PURPOSES = ("DirectMarketing", "ServiceUsageAnalytics")
CATEGORIES = ("EmailAddress", "PurchasesAndSpendingHabit")
NOTICE = b"We look at what you buy to tell you of what you may like, and to plan what we bake.\n"
WITHDRAWN = (4, 22)
"""Members who take their consent back before the story ends."""

_YEAR = 365 * DAY


@dataclass(frozen=True, slots=True)
class _Office:
    """What the shop keeps its customers with."""

    vault: Vault
    importer: Importer
    enlisting: Enlisting


def enlist(stage: Stage) -> None:
    """Import a list of customers into the vault, and bring their profiles on chain."""
    path = stage.folder / "customers.csv"
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(("given_name", "family_name", "email"))
    writer.writerows((each.given, each.family, each.email) for each in members())
    replace(path, rows.getvalue().encode())
    with _office(stage) as office:
        office.importer.run(plan_import(path))
        office.enlisting.run(deadline=stage.now + DAY)


def agree(stage: Stage) -> None:
    """Let those who want to agree, by signatures that the shop passes on; two take it back."""
    client = stage.client(ConsentClient, "shop")
    agreeing = [each for each in members() if each.agrees]
    grants = [_grant(stage, client, each) for each in agreeing]
    shop = stage.signer("shop").address
    with ConsentBook(folder_of(stage) / "consents.sqlite3", shop) as book:
        for each in agreeing:
            book.add(_terms(stage, each), stage.now)
    list(client.grant_many(grants, key="sample/grants"))
    for number in WITHDRAWN:
        terms, signer = _terms(stage, members()[number]), stage.signer("member", number)
        withdrawal = sign_withdrawal(
            signer, client.domain, terms.subject, terms.consent_id, deadline=stage.ends_at + _YEAR
        )
        client.withdraw_by_sig(withdrawal, key=f"sample/withdrawal/{number}")


def note(stage: Stage) -> None:
    """Open the shop's log, note a purchase of every customer, and anchor them all at once."""
    client = stage.client(LogClient, "shop")
    client.open(0, DAY, keccak(NOTICE), key="sample/log")
    with (
        LogJournal(folder_of(stage) / "interactions.sqlite3") as journal,
        LogKeys(folder_of(stage) / "interaction-keys.sqlite3") as keys,
    ):
        operator = LogOperator(
            client, journal, keys, signer=stage.signer("shop"), clock=lambda: stage.now
        )
        names = operator.pseudonyms(
            stage.signer("member", each.number).address for each in members()
        )
        for _ in operator.record_many(
            NewInteraction(
                pseudonym,
                InteractionKind.PURCHASE,
                {"order": number, "cents": 490},
                key=f"sample order {number}",
            )
            for number, pseudonym in enumerate(names)
        ):
            pass
        operator.anchor()


# --------------------------------------------------------------------------- inside


def folder_of(stage: Stage) -> Path:
    """Return where the shop's files are, as the server looks for them."""
    folder = stage.state / "companies" / stage.signer("shop").address
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _office(stage: Stage) -> Iterator[_Office]:
    registry, consents = (stage.client(kind, "shop") for kind in (RegistryClient, ConsentClient))
    assert isinstance(registry, RegistryClient)
    assert isinstance(consents, ConsentClient)
    attestor = stage.signer("attestor")
    scope = registry.create_scope(
        {attestor.address: LEVEL}, recovery_delay=DAY, quorum=1, key="sample/scope"
    )
    space = TagSpace(stage.connection.chain_id, registry.contract.address, scope.id)
    folder = folder_of(stage)
    pepper, path = folder / "pepper.json", folder / "operator.sqlite3"
    tagger = read_pepper(pepper) if pepper.exists() else PepperFile.create(pepper)
    with ExitStack() as stack:
        store = stack.enter_context(open_store(folder / "vault.sqlite3"))
        keys = OperatorKeys(path) if path.exists() else OperatorKeys.create(path)
        stack.enter_context(keys)
        vault = Vault(
            store, keys, consents.domain, owner_of=consents.owner_of, clock=lambda: stage.now
        )
        yield _Office(
            vault,
            Importer(store, vault, tagger, space, match_key(keys), clock=lambda: stage.now),
            Enlisting(
                vault=vault,
                client=registry,
                attestor=attestor,
                space=space,
                controller=stage.signer("shop").address,
                level=LEVEL,
                clock=lambda: stage.now,
            ),
        )


def _grant(stage: Stage, client: ConsentClient, member: Member) -> SignedGrant:
    terms = _terms(stage, member)
    signer = stage.signer("member", member.number)
    return sign_grant(signer, client.domain, terms, deadline=stage.ends_at + _YEAR)


def _terms(stage: Stage, member: Member) -> ConsentTerms:
    """Return the terms for a member, written down before anything is signed: salts are random."""
    folder = stage.folder / "consents"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{member.number:02}.json"
    if not path.exists():
        terms = new_terms(
            data_controller=stage.signer("shop").address,
            subject=stage.signer("member", member.number).address,
            purposes=PURPOSES,
            categories=CATEGORIES,
            valid_from=stage.begins_at,
            valid_until=stage.ends_at + _YEAR,
            notice_hash=keccak(NOTICE),
            jurisdiction="AT",
        )
        replace(path, terms_text(terms))
    return load_terms(path)
