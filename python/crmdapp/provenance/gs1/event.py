"""One event of EPCIS: what happened to which things, when, where and why.

An event is kept as the JSON it came as, so that nothing of it is lost, not even what only its
sender understands; what the names in it mean stands in the document's ``@context``.

Source: GS1 EPCIS 2.0, sections 7.4 (events) and 10 (JSON).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmdapp.provenance.gs1.epc import canonical_epc

__all__ = [
    "CONTEXT_URI",
    "EVENT_TYPES",
    "EpcisEvent",
    "context_namespaces",
    "expanded",
    "unknown_contexts",
]

CONTEXT_URI = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
"""Where the meaning of EPCIS' own names is written down; documents begin with it."""

EVENT_TYPES = (
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
)

IMPLICIT = {
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda",
    "dcterms": "http://purl.org/dc/terms/",
    "epcis": "https://ref.gs1.org/epcis/",
    "gs1": "https://ref.gs1.org/voc/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Namespaces that the context of EPCIS declares for every document.

``cbvmda`` without a colon at its end is what the published event hashes are made with.
"""

EPC_FIELDS = ("epcList", "parentID", "childEPCs", "inputEPCList", "outputEPCList")
QUANTITY_FIELDS = (
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputQuantityList",
)

_EPCIS_CONTEXT = "epcis-context.jsonld"


@dataclass(frozen=True, slots=True)
class EpcisEvent:
    """An event, as it stands in a document.

    Attributes:
        data: Its JSON object; to be read only.
        namespaces: What prefixes in it stand for, beyond those that EPCIS itself declares.
    """

    data: Mapping[str, Any]
    namespaces: Mapping[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """One of :data:`EVENT_TYPES`, for a valid event."""
        return str(self.data.get("type", ""))

    @property
    def event_id(self) -> str | None:
        """The id its sender gave it."""
        found = self.data.get("eventID")
        return found if isinstance(found, str) else None

    @property
    def is_error_declaration(self) -> bool:
        """Whether it takes back an event of the same content."""
        return "errorDeclaration" in self.data

    def epcs(self) -> tuple[str, ...]:
        """Return the single things it is about as identity links, parents and outputs included."""
        found: list[str] = []
        for name in EPC_FIELDS:
            value = self.data.get(name, ())
            found.extend(_texts([value] if isinstance(value, str) else value))
        return tuple(dict.fromkeys(canonical_epc(epc) for epc in found))

    def lots(self) -> tuple[str, ...]:
        """Return the kinds and batches it has quantities of, as identity links."""
        elements = (self.data.get(name, ()) for name in QUANTITY_FIELDS)
        found = (
            element.get("epcClass")
            for listed in elements
            if isinstance(listed, list)
            for element in listed
            if isinstance(element, Mapping)
        )
        return tuple(dict.fromkeys(canonical_epc(epc) for epc in _texts(found)))

    def all_namespaces(self) -> dict[str, str]:
        """Return what every prefix in it stands for."""
        return IMPLICIT | dict(self.namespaces) | context_namespaces(self.data.get("@context"))


def context_namespaces(context: object) -> dict[str, str]:
    """Return the prefixes that an ``@context`` declares itself, with what they stand for."""
    return {
        name: address
        for part in _parts(context)
        if isinstance(part, Mapping)
        for name, address in part.items()
        if isinstance(address, str) and not name.startswith("@")
    }


def unknown_contexts(context: object) -> Iterator[str]:
    """Yield the addresses in an ``@context`` other than that of EPCIS: they are never fetched."""
    yield from (
        part
        for part in _parts(context)
        if isinstance(part, str) and not part.endswith(_EPCIS_CONTEXT)
    )


def names_epcis(context: object) -> bool:
    """Return whether an ``@context`` names the one of EPCIS."""
    return any(isinstance(part, str) and part.endswith(_EPCIS_CONTEXT) for part in _parts(context))


def expanded(name: str, namespaces: Mapping[str, str]) -> tuple[str, str] | None:
    """Return namespace and local part of a name; ``None`` if its prefix is not declared.

    A name without a prefix has an empty namespace. A whole IRI is parted behind its last ``#``,
    ``/`` or ``:``.
    """
    prefix, colon, local = name.partition(":")
    if not colon:
        return "", name
    if prefix in namespaces:
        return namespaces[prefix], local
    if local.startswith("//") or prefix == "urn":
        cut = max(name.rfind(mark) for mark in "#/:") + 1
        return name[:cut], name[cut:]
    return None


def _parts(context: object) -> Iterable[object]:
    return context if isinstance(context, list) else [context]


def _texts(values: object) -> Iterator[str]:
    if isinstance(values, Iterable):
        yield from (value for value in values if isinstance(value, str))
