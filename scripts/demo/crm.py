"""The company of the customers chapter, the people who deal with it, and what they have on disk."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

from crmdapp.chain._keccak import keccak
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.transactions import Receipt
from crmdapp.customers import codes
from crmdapp.customers.answers import agree
from crmdapp.customers.consent_intents import sign_withdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.importing.enlisting import Enlisting
from crmdapp.customers.importing.importer import Importer
from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import InteractionKind
from crmdapp.customers.log_journal import LogJournal
from crmdapp.customers.log_keys import LogKeys
from crmdapp.customers.matching import match_key
from crmdapp.customers.noting import NewInteraction
from crmdapp.customers.operator import LogOperator
from crmdapp.customers.registry import RegistryClient
from crmdapp.customers.registry_intents import RegistryIntent
from crmdapp.customers.registry_signing import SignedRegistryIntent, sign_registry
from crmdapp.customers.release import (
    OpenedField,
    Release,
    SignedRelease,
    open_release,
    sign_release,
)
from crmdapp.customers.release_book import ReleaseBook
from crmdapp.customers.release_desk import Answer, ReleaseDesk
from crmdapp.customers.requests import Company, ConsentRequest, Handling, ask
from crmdapp.customers.tags import PepperTagger, TagSpace
from crmdapp.customers.terms import ConsentTerms, new_terms
from crmdapp.store.database import open_store
from crmdapp.store.device import DeviceKeys, Grant
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from scripts.demo.stage import Stage

KEEPER_GAS, READER_GAS, CUSTOMER_GAS = 90_000_000, 2_000_000, 2_000_000
HOUR, DAY = 3_600, 86_400
DELAY = HOUR  # seconds from a receipt to its anchor, at most
LEVEL = 1  # an address that answered
MARKETING, EMAIL = "DirectMarketing", "EmailAddress"
NOTICE = b"We read your e-mail address to tell you of new books, four times a year.\n"


class Keeper:
    """A chain of bookshops: it imports its customers, keeps the vault and the log.

    Attributes:
        registry: The registry, paid by the company.
        consents: Consents, likewise.
        log_client: The log's contract, likewise.
        vault: Sealed fields.
        importer: Takes customer lists.
        enlisting: Brings imported people on chain.
        operator: Keeps the log.
        desk: Answers requests for data.
        space: Registry and scope.
        files: Everything the company has on disk.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.signer = stage.signer("keeper")
        self.attestor = stage.signer("attestor of the keeper")
        sender = stage.sender("keeper", KEEPER_GAS)
        place = (stage.connection, stage.manifest)
        self.registry = RegistryClient.at(*place, sender)
        self.consents = ConsentClient.at(*place, sender)
        self.log_client = LogClient.at(*place, sender)
        self.scope = self.registry.create_scope(
            {self.attestor.address: LEVEL}, recovery_delay=DAY, quorum=1
        )
        self.space = TagSpace(
            stage.connection.chain_id, self.registry.contract.address, self.scope.id
        )
        self.files = stage.folder / "keeper"
        self.files.mkdir()
        store = stage.open(open_store(self.files / "vault.sqlite3"))
        self.keys = stage.open(OperatorKeys.create(self.files / "keys.sqlite3"))
        self.vault = Vault(
            store,
            self.keys,
            self.consents.domain,
            owner_of=self.consents.owner_of,
            clock=lambda: self.now,
        )
        tagger = PepperTagger(secrets.token_bytes(32))
        self.importer = Importer(
            store, self.vault, tagger, self.space, match_key(self.keys), clock=lambda: self.now
        )
        self.enlisting = Enlisting(
            vault=self.vault,
            client=self.registry,
            attestor=self.attestor,
            space=self.space,
            controller=self.signer.address,
            level=LEVEL,
            clock=lambda: self.now,
        )
        self.log_client.open(0, DELAY, keccak(NOTICE))
        self._journal = stage.open(LogJournal(self.files / "interactions.sqlite3"))
        self._log_keys = stage.open(LogKeys(self.files / "pseudonyms.sqlite3"))
        self.operator = self.open_log(0)
        self.desk = ReleaseDesk(
            self.vault,
            self.consents,
            self.operator,
            stage.open(ReleaseBook(self.files / "releases.sqlite3")),
            clock=lambda: self.now,
        )

    @property
    def now(self) -> int:
        """Time of the chain, Unix seconds."""
        return self._stage.connection.block_timestamp()

    def open_log(self, index: int) -> LogOperator:
        """Return the operator of one of the company's logs."""
        return LogOperator(
            self.log_client,
            self._journal,
            self._log_keys,
            signer=self.signer,
            index=index,
            clock=lambda: self.now,
        )

    def sign(self, intent: RegistryIntent) -> SignedRegistryIntent:
        """Sign as the key that speaks for profiles nobody has claimed."""
        return sign_registry(intent, self.signer, self.registry.domain)

    def note_visits(self, profiles: list[bytes], count: int) -> int:
        """Take note of purchases, dealt out to the profiles in turn; returns how many."""
        pseudonyms = self.operator.pseudonyms("0x" + cid.hex() for cid in profiles)

        def purchases() -> Iterator[NewInteraction]:
            for number in range(count):
                yield NewInteraction(
                    pseudonyms[number % len(pseudonyms)],
                    InteractionKind.PURCHASE,
                    {"order": number, "cents": 499 + number % 40 * 100},
                    key=f"order {number}",
                )

        return sum(1 for _ in self.operator.record_many(purchases()))


class Reader:
    """A company that wants to read somebody's data: it has a reading key, and a key to sign."""

    def __init__(self, stage: Stage, name: str, keeper: Keeper) -> None:
        self.name = name
        self.signer = stage.signer(name)
        self.keys = stage.open(OperatorKeys.create(stage.folder / f"{name}.sqlite3"))
        self._keeper = keeper
        self._requests = 0

    def ask(
        self, subject: str, *, purpose: str = MARKETING, category: str = EMAIL
    ) -> ConsentRequest:
        """Return a request for consent, as the customer is shown it."""
        now = self._keeper.now
        terms = new_terms(
            data_controller=self.signer.address,
            subject=subject,
            purposes=[purpose],
            categories=[category],
            valid_from=now,
            valid_until=now + 365 * DAY,
            notice_hash=keccak(NOTICE),
            jurisdiction="AT",
        )
        return ConsentRequest(
            terms=terms,
            domain=self._keeper.consents.domain,
            company=Company(
                name=self.name,
                address="Ring 1, Vienna",
                country="AT",
                contact="Data protection officer",
                email="privacy@example.org",
                phone="+43 1 000000",
                url="https://example.org",
            ),
            handling=Handling(
                service="News about books",
                notice_url="https://example.org/privacy",
                language="en",
                storage=("AT",),
                retention="P1Y",
                withdrawal="https://example.org/consent",
            ),
            recipients=(),
            public_key=self.keys.reading_public_key,
            asked_at=now,
            answer_by=now + DAY,
        )

    def request(self, terms: ConsentTerms) -> SignedRelease:
        """Sign a request for all that the terms permit."""
        self._requests += 1
        return sign_release(
            self.signer,
            self._keeper.consents.domain,
            terms,
            purposes=terms.permission.purposes,
            categories=terms.permission.categories,
            nonce=self._requests,
            deadline=self._keeper.now + HOUR,
        )

    def open(self, release: Release, signed: SignedRelease) -> dict[str, bytes]:
        """Open an answer with the own reading key, whoever it was made for."""
        found: list[OpenedField] = list(
            open_release(
                release,
                signed,
                lambda _: self.keys.reading_key(),
                owner_of=self._keeper.consents.owner_of,
                now=self._keeper.now,
            )
        )
        return {item.field: item.value for item in found}

    def read(self, terms: ConsentTerms) -> tuple[Answer, SignedRelease, dict[str, bytes]]:
        """Ask the desk and open what it answers."""
        signed = self.request(terms)
        answer = self._keeper.desk.answer(signed)
        return answer, signed, self.open(answer.release, signed)


class Person:
    """A customer with a device: a file of keys, and no ether."""

    def __init__(self, stage: Stage, keeper: Keeper, cid: bytes) -> None:
        self.cid = cid
        self.controller: LocalSigner = stage.signer("controller of Carla")
        self.file: Path = stage.folder / "carla.json"
        self.device = stage.open(DeviceKeys.create(self.file, secrets.token_hex(16)))
        self._chain_id = stage.connection.chain_id
        self._keeper = keeper

    def claim(self) -> None:
        """Take the profile over: the vault seals everything to keys of this device."""
        keeper, categories = self._keeper, set()
        for item in keeper.vault.ciphertexts(self.cid):
            categories.add(item.datum.category)
        address = keeper.signer.address
        self.device.add_profile(self.cid, keeper.consents.domain, address, sorted(categories))
        subject = self.device.subject(self._chain_id, address)
        keeper.vault.claim(self.cid, subject, self.device.publish(self.cid, now=keeper.now))

    def identity(self, company: Reader) -> LocalSigner:
        """Return the key that this company, and no other, knows the customer by."""
        return self.device.identity(self._chain_id, company.signer.address)

    def consent(self, company: Reader, request: ConsentRequest) -> Receipt:
        """Grant what is asked for, and wrap the keys of exactly these categories."""
        terms, now = request.terms, self._keeper.now
        signed = agree(self.identity(company), ask(company.signer, request), now)
        receipt = self._keeper.consents.grant_by_sig(signed)
        grant = Grant(
            terms.consent_id,
            company.signer.address,
            terms.permission.categories,
            request.public_key,
            terms.permission.valid_until,
        )
        self._keeper.vault.accept(self.device.consent(self.cid, grant, now=now))
        return receipt

    def withdraw(self, company: Reader, terms: ConsentTerms) -> None:
        """Take a consent back: on chain, in the vault, and by new keys from now on."""
        keeper = self._keeper
        keeper.consents.withdraw_by_sig(
            sign_withdrawal(
                self.identity(company),
                keeper.consents.domain,
                terms.subject,
                terms.consent_id,
                deadline=keeper.now + HOUR,
            )
        )
        keeper.vault.withdraw(terms.consent_id)
        keeper.vault.accept(self.device.withdraw(self.cid, terms.consent_id, now=keeper.now))

    def sign(self, intent: RegistryIntent) -> SignedRegistryIntent:
        """Sign as the profile's controller."""
        return sign_registry(intent, self.controller, self._keeper.registry.domain)


def category(term: str) -> int:
    """Return the bit of a category of data."""
    return codes.code(term, codes.CATEGORIES).bit
