"""Everything about one customer in one file: to take along, to look at, to hand over.

The company makes the file. It holds sealed values as they are, and in the clear only what the
company can read anyway: profiles in its custody. On the customer's device the same file opens:
:meth:`CustomerExport.opened` fills in the values, so nobody else ever has the whole of it.

Source: GDPR (Regulation (EU) 2016/679), articles 15 (access) and 20 (portability).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.chain._files import OWN, create
from crmdapp.chain._signed_json import JsonFields
from crmdapp.customers.codes import CATEGORIES, PURPOSES, code, names
from crmdapp.errors import PermissionDenied, UsageError

if TYPE_CHECKING:
    from crmdapp.customers.dedupe import Merges
    from crmdapp.customers.leaves import Interaction
    from crmdapp.customers.terms import ConsentTerms
    from crmdapp.store.provenance import Ciphertext
    from crmdapp.store.vault import Vault

__all__ = ["CustomerExport", "NotedConsent", "NotedInteraction", "collect"]

FORMAT = "crmdapp customer export"
VERSION = 1

_LISTS = ("data", "consents", "interactions", "disclosures", "merges")
# A cell that begins like this is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class NotedConsent:
    """A consent the company knows of, and how it stands."""

    terms: ConsentTerms
    state: str


@dataclass(frozen=True, slots=True)
class NotedInteraction:
    """An entry of the interaction log; ``payload`` is what it says, if it is still kept."""

    interaction: Interaction
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CustomerExport:
    """Everything about one customer.

    Attributes:
        made_at: When it was made.
        company: Address of the company it is from.
        chain_id: The chain.
        registry: Address of the consent registry.
        profiles: The customer's profiles, the surviving one first, 0x hex.
        data: Each datum with its source; ``value`` is there once it was opened, ``sealed`` before.
        consents: What was agreed to, and how it stands.
        interactions: Entries of the interaction log.
        disclosures: To whom data was passed on.
        merges: Which profiles were taken for one, and by whom.
    """

    made_at: datetime
    company: str
    chain_id: int
    registry: str
    profiles: tuple[str, ...]
    data: tuple[Mapping[str, Any], ...]
    consents: tuple[Mapping[str, Any], ...]
    interactions: tuple[Mapping[str, Any], ...]
    disclosures: tuple[Mapping[str, Any], ...]
    merges: tuple[Mapping[str, Any], ...]

    @property
    def sealed(self) -> int:
        """How many values are still sealed."""
        return sum("sealed" in item for item in self.data)

    def opened(self, open_field: Callable[[Ciphertext], bytes]) -> CustomerExport:
        """Return the export with every value in the clear that ``open_field`` opens.

        Args:
            open_field: The customer's device: :meth:`crmdapp.store.device.DeviceKeys.open_field`.

        Raises:
            SealedInvalid: A value was altered, or sealed to somebody else's key.
            UsageError: The device has no such profile.
        """
        return replace(self, data=tuple(self._opened(item, open_field) for item in self.data))

    def _opened(
        self, item: Mapping[str, Any], open_field: Callable[[Ciphertext], bytes]
    ) -> Mapping[str, Any]:
        if "sealed" not in item:
            return item
        value = open_field(self._ciphertext(item)).decode(errors="replace")
        kept = {name: part for name, part in item.items() if name not in ("sealed", "keyId")}
        return {**kept, "value": value}

    def _ciphertext(self, item: Mapping[str, Any]) -> Ciphertext:
        from crmdapp.store.provenance import Ciphertext, Datum, Evidence, Source
        from crmdapp.store.sealing import Place

        fields = JsonFields(item, "datum of the export")
        category = code(fields.text("category"), CATEGORIES).bit
        profile, key_id = fields.word("profile"), fields.word("keyId")
        version = fields.whole("version", (1 << 31) - 1)
        datum = Datum(
            fields.whole("id", (1 << 63) - 1),
            profile,
            fields.text("field"),
            category,
            version,
            key_id,
            Source.parse(fields.text("source")),
            Evidence(),
            0,
        )
        place = Place(self.chain_id, self.registry, profile, datum.field, category, version, key_id)
        try:
            sealed = bytes.fromhex(fields.text("sealed").removeprefix("0x"))
        except ValueError:
            raise UsageError("The export's sealed value is no hex data.") from None
        return Ciphertext(datum, sealed, place)

    # ----------------------------------------------------------------- files

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "madeAt": self.made_at.isoformat(),
            "company": self.company,
            "chainId": self.chain_id,
            "registry": self.registry,
            "profiles": list(self.profiles),
            **{name: [dict(item) for item in getattr(self, name)] for name in _LISTS},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> CustomerExport:
        """Return what :meth:`to_json` gave.

        Raises:
            UsageError: It is no export; the message names the field.
        """
        fields = JsonFields.parse(data, "customer export")
        if fields.text("format") != FORMAT or fields.whole("version") != VERSION:
            raise UsageError(
                "This is no customer export of this release.",
                hint="Make it again: crmdapp customers export",
            )
        try:
            made_at = datetime.fromisoformat(fields.text("madeAt"))
        except ValueError:
            raise UsageError("The customer export's madeAt is no moment.") from None
        lists: dict[str, tuple[Mapping[str, Any], ...]] = {}
        for name in _LISTS:
            items = fields.items(name)
            if not all(isinstance(item, dict) for item in items):
                raise UsageError(f"The customer export's {name} are no objects.")
            lists[name] = tuple(items)
        return cls(
            made_at=made_at,
            company=fields.address("company"),
            chain_id=fields.whole("chainId"),
            registry=fields.address("registry"),
            profiles=tuple(str(item) for item in fields.items("profiles")),
            **lists,
        )

    def csv_texts(self) -> dict[str, str]:
        """Return the lists as CSV by file name; one without entries is left out.

        A cell that a spreadsheet would take for a formula begins with an apostrophe here; the JSON
        has it as it is.
        """
        return {f"{name}.csv": _csv(items) for name in _LISTS if (items := getattr(self, name))}

    def write(self, folder: Path) -> list[Path]:
        """Write JSON and CSVs into a new folder that only its owner may read.

        Raises:
            UsageError: There is such a folder already, or none to put it in.
            PermissionDenied: It cannot be made.
            DiskFull: The disk is full.
        """
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            raise UsageError(f"There is a {folder} already.", hint="Choose another name.") from None
        except FileNotFoundError:
            raise UsageError(
                f"There is no folder {folder.parent}.", hint="Make it first."
            ) from None
        except OSError as problem:
            raise PermissionDenied(f"{folder} cannot be made.", why=str(problem.strerror)) from None
        body = json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"
        files = {"export.json": body, **self.csv_texts()}
        for name, text in files.items():
            create(folder / name, text.encode(), mode=OWN)
        return [folder / name for name in files]


def collect(
    vault: Vault,
    merges: Merges,
    profile: bytes,
    *,
    company: str,
    consents: Iterable[NotedConsent] = (),
    interactions: Iterable[NotedInteraction] = (),
    now: datetime | None = None,
) -> CustomerExport:
    """Return everything the company has about the person that a profile is of.

    Args:
        vault: The vault.
        merges: Which profiles are of one person.
        profile: Any of the customer's profiles.
        company: Address of the company.
        consents: The customer's consents, from the company's files and the chain.
        interactions: The customer's entries of the interaction log.
        now: When.

    Raises:
        ProfileUnknown: The vault has no such profile.
    """
    from crmdapp.customers.survivorship import passed_on_to, person_data, survivors

    items = person_data(vault, merges, profile)
    counting = {found.value.datum.id for found in survivors(items)}
    person = merges.person(profile)
    return CustomerExport(
        made_at=now or datetime.now(UTC),
        company=company,
        chain_id=vault.domain.chain_id,
        registry=vault.domain.verifying_contract,
        profiles=tuple("0x" + cid.hex() for cid in person),
        data=tuple(_datum(vault, item, item.datum.id in counting) for item in items),
        consents=tuple(_consent(item) for item in consents),
        interactions=tuple(_interaction(item) for item in interactions),
        disclosures=tuple(
            {
                "recipient": item.recipient,
                "consentId": _hex(item.consent_id),
                "purposes": list(names(item.purposes, PURPOSES)),
                "data": list(item.data),
                "at": _moment(item.disclosed_at),
                "log": None if item.log_id is None else _hex(item.log_id),
                "seq": item.seq,
            }
            for item in passed_on_to(vault, merges, profile)
        ),
        merges=tuple(_merges_of(merges, person)),
    )


def _merges_of(merges: Merges, person: Sequence[bytes]) -> list[Mapping[str, Any]]:
    found = {item.id: item for cid in person for item in merges.log(cid)}
    return [
        {
            "from": _hex(item.source),
            "into": _hex(item.into),
            "by": item.merged_by,
            "at": item.merged_at.isoformat(),
            "undoneBy": item.undone_by,
            "undoneAt": None if item.undone_at is None else item.undone_at.isoformat(),
        }
        for _, item in sorted(found.items())
    ]


def _datum(vault: Vault, item: Ciphertext, counts: bool) -> dict[str, Any]:
    from crmdapp.store.errors import CustodyProblem

    datum = item.datum
    found: dict[str, Any] = {
        "id": datum.id,
        "profile": _hex(datum.profile),
        "field": datum.field,
        "category": CATEGORIES[datum.category].term,
        "version": datum.version,
        "counts": counts,
        "source": str(datum.source),
        "reference": datum.evidence.reference,
        "evidence": None if datum.evidence.digest is None else _hex(datum.evidence.digest),
        "at": _moment(datum.written_at),
    }
    try:
        return {**found, "value": vault.open_custodial(item).decode(errors="replace")}
    except CustodyProblem:
        return {**found, "keyId": _hex(datum.key_id), "sealed": _hex(item.sealed)}


def _consent(noted: NotedConsent) -> dict[str, Any]:
    terms, permission = noted.terms, noted.terms.permission
    return {
        "consentId": _hex(terms.consent_id),
        "state": noted.state,
        "dataController": terms.data_controller.account,
        "purposes": list(permission.purpose_terms),
        "categories": list(permission.category_terms),
        "validFrom": _moment(permission.valid_from),
        "validUntil": _moment(permission.valid_until),
        "jurisdiction": permission.jurisdiction.decode("ascii", errors="replace"),
        "rewardId": permission.reward_id,
    }


def _interaction(noted: NotedInteraction) -> dict[str, Any]:
    return {
        **{
            name: value
            for name, value in noted.interaction.to_json().items()
            if name in ("log", "seq", "customerSeq", "kind", "consentId")
        },
        "at": _moment(noted.interaction.time),
        "leaf": _hex(noted.interaction.leaf),
        "payload": None if noted.payload is None else dict(noted.payload),
    }


def _csv(items: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for item in items for name in item))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(item.get(name)) for name in columns] for item in items)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return "'" + text if isinstance(value, str) and text.startswith(_FORMULA) else text


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _moment(seconds: int) -> str:
    """Return a moment in ISO form; one that no calendar has as its seconds."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return str(seconds)
