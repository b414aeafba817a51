"""The vault of one company: it seals what it is told and can open what customers let it.

A value is sealed to the public key of its category's present epoch, so who writes it cannot read it
back. What opens an epoch is with the customer, and with companies that the customer wrapped it for.
Whoever holds the store and every key of the operator has public keys, sealed values and wraps for
others: nothing to open or to wrap anew.

The vault does not ask the chain. Who releases data checks the consent there first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from sqlalchemy import select

from crmdapp.chain.accounts import Signer
from crmdapp.chain.addresses import require_address
from crmdapp.chain.typed_data import Domain
from crmdapp.errors import UsageError
from crmdapp.store import _custody, _endings, _writing
from crmdapp.store._intake import (
    SIGNER,
    SUBJECT,
    Parts,
    keep_bundle,
    keep_wraps,
    key_ids_of,
    read_wrap,
    require_bundle,
    require_enrolled,
    require_wraps,
    take_keys,
    usable_wraps,
    wrap_invalid,
)
from crmdapp.store._rows import (
    ciphertext_of,
    datum_of,
    datum_unknown,
    disclosures_of,
    newest,
    profile_row,
    put_disclosure,
)
from crmdapp.store.database import Store
from crmdapp.store.epochs import KeyPackage, SignedErasure, SignedWrap
from crmdapp.store.errors import (
    CustodyProblem,
    ErasureInvalid,
    KeyFileLocked,
    ProfileKnown,
)
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.provenance import (
    Ciphertext,
    Datum,
    Disclosure,
    Evidence,
    FieldValue,
    Source,
    Trace,
)
from crmdapp.store.receipts import ReceiptKind, VaultReceipt
from crmdapp.store.schema import (
    DatumRow,
    ProfileRow,
    PublicKeyRow,
)


class Vault:
    """The store and the key file, working together.

    What an earlier process began and did not finish is finished first.

    Args:
        store: Sealed data.
        keys: The operator's key file.
        domain: The consent registry: :func:`crmdapp.store.epochs.vault_domain`.
        owner_of: Gives the key that speaks for an identity now, as the registry of identities says;
            by default the identity itself, which is its first owner.
        signer: Signs receipts; by default the key in the key file.
        clock: Gives Unix seconds.

    Raises:
        UsageError: The key file is for another registry.
        StoreProblem: The store cannot be used.
        KeyFileProblem: The key file cannot be used.
    """

    def __init__(
        self,
        store: Store,
        keys: OperatorKeys,
        domain: Domain,
        *,
        owner_of: Callable[[str], str] | None = None,
        signer: Signer | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        keys.bind(domain)
        self.store, self.keys, self.domain = store, keys, domain
        own = owner_of or (lambda subject: subject)
        self._parts = Parts(store, keys, domain, own, signer or keys.signer, clock)
        _custody.resume(self._parts)
        _endings.resume(self._parts)

    # ----------------------------------------------------------------- profiles

    def enrol(self, profile: bytes, subject: str) -> None:
        """Add a profile whose keys are on the customer's device.

        Args:
            profile: Id of the customer, 32 bytes.
            subject: The customer's identity for this company, which publishes the keys.

        Raises:
            ProfileKnown: The vault has it; a custodial one is taken over with :meth:`claim`.
            UsageError: An argument is malformed.
        """
        _require_id(profile)
        subject = require_address(subject)
        with self.store.writing() as session:
            known = session.scalar(select(ProfileRow).where(ProfileRow.cid == profile))
            if known is None:
                row = ProfileRow(cid=profile, custodial=False, added_at=self._parts.now())
                session.add(row)
            elif known.custodial or self.keys.linked(profile, SUBJECT) not in ([], [subject]):
                raise ProfileKnown(
                    f"The vault has the profile 0x{profile.hex()} already.",
                    hint="If it came by import, let the customer claim it.",
                )
        # Second, so that a link without a profile never stays; doing it twice is the same.
        self.keys.link(profile, SUBJECT, subject)

    def adopt(self, profiles: Iterable[bytes]) -> int:
        """Add profiles whose keys this company holds until their customers claim them.

        Args:
            profiles: Ids of customers, 32 bytes each; those the vault has are left alone.

        Returns:
            How many were added.
        """
        wanted = list(profiles)
        for profile in wanted:
            _require_id(profile)
        return _custody.adopt(self._parts, wanted)

    def claim(self, profile: bytes, subject: str, package: KeyPackage) -> None:
        """Seal a custodial profile to the customer's keys and destroy the company's.

        Args:
            profile: Id of the customer.
            subject: The customer's identity for this company; the caller has checked that it is.
            package: The customer's keys, for every category that has data.

        Raises:
            ProfileUnknown: There is none.
            CustodyProblem: It is not custodial.
            BundleInvalid: The keys are not the customer's.
            WrapInvalid: A wrap is not the customer's.
            EpochClosed: A category with data has no key in the package.
        """
        _custody.claim(self._parts, profile, require_address(subject), package)

    def accept(self, package: KeyPackage) -> None:
        """Take what the customer's device sends: keys in force, and wraps.

        Wraps of keys that were published in no package that arrived are left out: nothing is
        sealed to them.

        Raises:
            ProfileUnknown: The vault has no such profile.
            BundleInvalid: The keys are not the customer's, or not the newest.
            WrapInvalid: A wrap is not the customer's. Nothing of the package was taken.
        """
        parts, bundle = self._parts, package.bundle.bundle
        profile = bundle.profile
        with self.store.reading() as session:
            _require_claimed(profile_row(session, profile))
        require_bundle(parts, package.bundle, self.keys.linked(profile, SUBJECT))
        known = self._key_ids(profile) | key_ids_of(bundle)
        wraps = usable_wraps(package.wraps, known)
        signers = {bundle.subject, *bundle.signers}
        require_wraps(parts, wraps, profile=profile, signers=signers)
        # Killed in between, the device's package is taken when it is sent again.
        with self.store.writing() as session:
            row = profile_row(session, profile, lock=True)
            take_keys(session, row.id, bundle, parts.now())
        with self.keys.changing() as db:
            require_enrolled(db, profile)
            keep_bundle(db, package.bundle)
            keep_wraps(db, wraps)

    # ----------------------------------------------------------------- values

    def write(
        self,
        profile: bytes,
        field: str,
        category: int,
        value: bytes | str,
        source: Source | str,
        evidence: Evidence | None = None,
    ) -> Datum:
        """Seal a value as the newest version of its field; see :meth:`write_many`."""
        item = FieldValue(profile, field, category, value, source, evidence or Evidence())
        return self.write_many([item])[0]

    def write_many(self, values: Iterable[FieldValue]) -> list[Datum]:
        """Seal values, all or none, each as the newest version of its field.

        Raises:
            ProfileUnknown: The vault has no such profile.
            EpochClosed: The customer has published no open key for a category.
            UsageError: A field, category, source or value is malformed. No message repeats a value.
            StoreProblem: The store cannot be written; nothing was.
            DiskFull: The disk is full; nothing was written.
        """
        return _writing.write_many(self._parts, values)

    def ciphertexts(
        self, profile: bytes, categories: int | None = None, *, history: bool = False
    ) -> list[Ciphertext]:
        """Return sealed values of a profile, by field and version.

        Args:
            profile: Id of the customer.
            categories: Bit n: category n; ``None`` for all.
            history: Whether earlier versions are wanted, too.

        Raises:
            ProfileUnknown: The vault has no such profile.
        """
        with self.store.reading() as session:
            row = profile_row(session, profile)
            found: Iterable[DatumRow] = newest(session, row.id)
            if history:
                query = select(DatumRow).where(DatumRow.profile_id == row.id)
                found = session.scalars(query.order_by(DatumRow.field, DatumRow.version))
            return [
                ciphertext_of(item, profile, self.domain)
                for item in found
                if categories is None or categories >> item.category & 1
            ]

    def open_custodial(self, ciphertext: Ciphertext) -> bytes:
        """Return a value whose key this company holds.

        Raises:
            CustodyProblem: It does not, or not any more.
            SealedInvalid: The value was altered.
        """
        return _custody.open_custodial(self._parts, ciphertext)

    # ----------------------------------------------------------------- wraps and endings

    def put_wrap(self, signed: SignedWrap) -> None:
        """Keep a wrap that the customer's device made.

        Raises:
            ProfileUnknown: The vault has no such profile.
            WrapInvalid: It is not the customer's, its consent is over, or it names another key.
        """
        profile = signed.wrap.profile
        with self.store.reading() as session:
            profile_row(session, profile)
        signers = [*self.keys.linked(profile, SUBJECT), *self.keys.linked(profile, SIGNER)]
        if not usable_wraps([signed], self._key_ids(profile)):
            raise wrap_invalid("the customer has not published the key it names")
        require_wraps(self._parts, [signed], profile=profile, signers=signers)
        with self.keys.changing() as db:
            require_enrolled(db, profile)
            keep_wraps(db, [signed])

    def wraps(self, consent_id: bytes) -> list[SignedWrap]:
        """Return the wraps of a consent; none once it has ended."""
        now = self._parts.now()
        query = "SELECT envelope FROM wraps WHERE consent_id = ? AND expiry > ?"
        return [read_wrap(row[0]) for row in self.keys.rows(query, (consent_id, now))]

    def withdraw(self, consent_id: bytes) -> VaultReceipt:
        """Delete the wraps of a consent and close every epoch it had a key of.

        A consent is withdrawn once; again gives the same receipt. What the company read before, it
        may still hold: nothing can unread it.
        """
        return _endings.end_consent(self._parts, consent_id, ReceiptKind.WITHDRAWAL)

    def expire(self, now: int | None = None) -> list[VaultReceipt]:
        """Do with every consent that is over by then what a withdrawal does with one.

        Args:
            now: Unix seconds; the clock's if left out.
        """
        now = self._parts.now() if now is None else now
        query = "SELECT consent_id FROM wraps GROUP BY consent_id HAVING MAX(expiry) <= ?"
        over = [bytes(row[0]) for row in self.keys.rows(query, (now,))]
        found = [_endings.end_consent(self._parts, item, ReceiptKind.EXPIRY) for item in over]
        with self.keys.changing() as db:
            db.execute("DELETE FROM wraps WHERE expiry <= ?", (now,))
        with suppress(KeyFileLocked):  # deleted already; older pages of the log go next time
            self.keys.checkpoint()
        return found

    def erase(self, profile: bytes, request: SignedErasure | None = None) -> VaultReceipt:
        """Destroy keys, wraps, salts, links and data of a profile for ever.

        Args:
            profile: Id of the customer.
            request: The customer's wish; ``None`` if the company erases on its own account.

        Raises:
            ProfileUnknown: There is none.
            ErasureInvalid: The request is not the customer's.
            KeyFileLocked: Another process still reads old pages; the erasure is finished when the
                vault is opened next.
            StoreLocked: As above, of the store.
        """
        if request is not None:
            self.require_request(profile, request)
        return _endings.erase(self._parts, profile)

    # ----------------------------------------------------------------- where from and to whom

    def disclose(
        self,
        profile: bytes,
        recipient: str,
        consent_id: bytes,
        purposes: int,
        data: Sequence[int],
        *,
        log_id: bytes | None = None,
        seq: int | None = None,
    ) -> Disclosure:
        """Write down that data was passed on.

        Args:
            profile: Id of the customer.
            recipient: Address of the company that got it.
            consent_id: The consent it rests on.
            purposes: Bit n: purpose n.
            data: Numbers of the data.
            log_id: The interaction log with the entry.
            seq: Number of the entry in that log.

        Raises:
            ProfileUnknown: The vault has no such profile.
            DatumUnknown: A datum is not the profile's.
            UsageError: An argument is malformed.
        """
        made = Disclosure(
            0,
            profile,
            require_address(recipient),
            consent_id,
            purposes,
            tuple(sorted(set(data))),
            self._parts.now(),
            log_id,
            seq,
        )
        with self.store.writing() as session:
            return put_disclosure(session, made)

    def trace(self, datum: int) -> Trace:
        """Return where a datum came from and to whom it went.

        Raises:
            DatumUnknown: There is none of that number.
        """
        with self.store.reading() as session:
            row = session.get(DatumRow, datum)
            if row is None:
                raise datum_unknown(datum)
            profile = session.get_one(ProfileRow, row.profile_id)
            return Trace(
                datum_of(row, profile.cid),
                profile.custodial,
                tuple(disclosures_of(session, profile.cid, datum=datum)),
            )

    def passed_on_to(self, profile: bytes) -> list[Disclosure]:
        """Return every disclosure of a customer's data, oldest first.

        Raises:
            ProfileUnknown: The vault has no such profile.
        """
        with self.store.reading() as session:
            return disclosures_of(session, profile)

    # ----------------------------------------------------------------- internals

    def _key_ids(self, profile: bytes) -> set[bytes]:
        with self.store.reading() as session:
            row = profile_row(session, profile)
            query = select(PublicKeyRow.key_id).where(PublicKeyRow.profile_id == row.id)
            return set(session.scalars(query))

    def require_request(self, profile: bytes, signed: SignedErasure) -> None:
        """Check a customer's wish to be erased, without doing anything.

        Raises:
            ErasureInvalid: It is not the customer's, or too old.
        """
        request = signed.request
        owner = self._parts.owner_of(request.subject)
        if (
            signed.domain != self.domain
            or request.profile != profile
            or request.subject not in self.keys.linked(profile, SUBJECT)
            or not signed.signed_by(owner)
        ):
            raise ErasureInvalid(
                "The request to erase is not the customer's.",
                hint="Ask the customer to sign one: crmdapp customers keys erase",
            )
        if request.deadline < self._parts.now():
            raise ErasureInvalid(
                "The request to erase is too old.",
                why=f"It held until {request.deadline}.",
                hint="Ask the customer to sign a new one.",
            )


def _require_id(profile: bytes) -> None:
    if len(profile) != 32:
        raise UsageError(f"The id of a customer has 32 bytes, got {len(profile)}.")


def _require_claimed(row: ProfileRow) -> None:
    if row.custodial:
        raise CustodyProblem(
            "The profile is in the company's custody.",
            hint="Let the customer claim it: that seals its data to the customer's keys.",
        )
