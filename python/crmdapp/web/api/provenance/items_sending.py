"""What an account does with its items: commission, pack, observe, transform, recall, sensors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.provenance.devices import SignedAssignment
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_intents import SignedTagClaim, SignedYieldFactor
from crmdapp.provenance.item_models import (
    NO_WORD,
    Commission,
    ItemStep,
    TransformationInput,
    parse_quantity,
)
from crmdapp.provenance.items import ItemsClient
from crmdapp.provenance.sensor_windows import SignedWindow
from crmdapp.web.api import AddressIn, Hash32, Model, PlainText, Sent, Work, sending
from crmdapp.web.api.provenance.items import name_of
from crmdapp.web.api.provenance.models import ADDRESS, WORD, example, hexed
from crmdapp.web.provenance.numbers import NumberDep, word_of

router = APIRouter(prefix="/items", tags=["provenance: items"])

WorkDep = Annotated[Work, sending("provenance:write")]
IdText = Annotated[str, Field(max_length=80, description="0x and 64 hex digits.")]
_LINK = "https://id.gs1.org/01/09506000134352/21/B7"


class StepIn(Model):
    """What happens, in the words of GS1's vocabulary; the time is the chain's by default."""

    biz_step: str | None = Field(default=None, max_length=40)
    disposition: str | None = Field(default=None, max_length=40)
    event_time: int | None = Field(default=None, ge=0, lt=1 << 40)
    event_hash: Hash32 = NO_WORD

    def made(self, client: ItemsClient) -> ItemStep:
        """Return the step.

        Raises:
            CbvTermUnknown: The vocabulary has no such term.
        """
        now = client.connection.block_timestamp() if self.event_time is None else self.event_time
        return ItemStep.of(
            now,
            biz_step=self.biz_step,
            disposition=self.disposition,
            event_hash=self.event_hash,
        )


class CommissionIn(Model):
    """A new item; with a quantity it is a lot."""

    model_config = example(link=_LINK, level=0)

    link: PlainText = Field(max_length=500, description="Its GS1 Digital Link or EPC URI.")
    level: int = Field(0, ge=0, le=4, description="0 a piece, 1 a case, 2 a pallet.")
    quantity: str | None = Field(default=None, max_length=24, examples=["60.5"])
    unit: str = Field("", max_length=3, examples=["KGM"])
    certifier: AddressIn | None = None
    tag: AddressIn | None = Field(default=None, description="Address of the key under its seal.")

    def made(self) -> Commission:
        """Return the commission.

        Raises:
            Gs1IdentifierInvalid: The link names nothing.
            UsageError: The quantity is none.
        """
        return Commission(
            epc_hash(name_of(self.link)),
            self.level,
            self.tag or ZERO_ADDRESS,
            0 if self.quantity is None else parse_quantity(self.quantity),
            self.unit,
            self.certifier or ZERO_ADDRESS,
        )


class CommissionsIn(Model):
    """New items of yours."""

    model_config = example(items=[{"link": _LINK}], step={"biz_step": "commissioning"})

    items: list[CommissionIn] = Field(min_length=1, max_length=200)
    step: StepIn = StepIn()


class ItemsIn(Model):
    """Items of yours, and what happens to them."""

    model_config = example(items=[WORD], step={"biz_step": "storing"})

    items: list[IdText] = Field(min_length=1, max_length=200)
    step: StepIn = StepIn()

    @property
    def numbers(self) -> list[int]:
        """The items' ids."""
        return [word_of(text, "items") for text in self.items]


class InputIn(Model):
    """What is used; of a lot so much."""

    item: IdText
    quantity: str | None = Field(default=None, max_length=24)


class TransformIn(Model):
    """New items made of others."""

    model_config = example(
        inputs=[{"item": WORD, "quantity": "50"}],
        outputs=[{"link": _LINK}],
        step={"biz_step": "commissioning"},
        factors=[],
    )

    inputs: list[InputIn] = Field(min_length=1, max_length=200)
    outputs: list[CommissionIn] = Field(min_length=1, max_length=200)
    step: StepIn = StepIn()
    factors: list[dict[str, Any]] = Field([], max_length=20, description="Signed yield factors.")


class ErrorIn(Model):
    """Which event was wrong, and which one replaces it."""

    model_config = example(event_hash=WORD, correction_hash=WORD)

    event_hash: Hash32
    correction_hash: Hash32 = NO_WORD


class RecallIn(Model):
    """Which items of yours are called back, and the published reason."""

    model_config = example(links=[_LINK], reason="Stones were found in the sack.")

    links: list[PlainText] = Field(min_length=1, max_length=200)
    reason: PlainText = Field(min_length=1, max_length=10_000)


class SignedItemWordIn(Model):
    """Something signed, as crmdapp or a device writes it."""

    model_config = example(
        signed={"typedData": {}, "signer": ADDRESS, "signature": "0x" + "ab" * 65}
    )

    signed: dict[str, Any]


class MadeOut(Model):
    """Items that are on the ledger now."""

    model_config = example(items=[WORD])

    items: list[str]


@router.post("", status_code=201)
def commission(wanted: CommissionsIn, work: WorkDep) -> MadeOut:
    """Register items that your account issues and has."""
    client = work.client(ItemsClient)
    rows = [item.made() for item in wanted.items]
    made = client.commission(rows, wanted.step.made(client), key=work.key)
    return MadeOut(items=[hexed(item) for item in made])


@router.post("/observations")
def observe(wanted: ItemsIn, work: WorkDep) -> Sent:
    """Note what happened to items of yours."""
    client = work.client(ItemsClient)
    return _sent(client.observe(wanted.numbers, wanted.step.made(client), key=work.key))


@router.post("/retirements")
def retire(wanted: ItemsIn, work: WorkDep) -> Sent:
    """End items of yours: destroyed, or sold for good."""
    client = work.client(ItemsClient)
    return _sent(client.retire(wanted.numbers, wanted.step.made(client), key=work.key))


@router.post("/transformations", status_code=201)
def transform(wanted: TransformIn, work: WorkDep) -> MadeOut:
    """Make new items of others; no more can come out than goes in."""
    client = work.client(ItemsClient)
    inputs = [
        TransformationInput(
            word_of(used.item, "inputs"),
            0 if used.quantity is None else parse_quantity(used.quantity),
        )
        for used in wanted.inputs
    ]
    made = client.transform(
        inputs,
        [item.made() for item in wanted.outputs],
        wanted.step.made(client),
        [SignedYieldFactor.from_json(factor) for factor in wanted.factors],
        key=work.key,
    )
    return MadeOut(items=[hexed(item) for item in made])


@router.post("/recalls")
def recall(wanted: RecallIn, work: WorkDep) -> Sent:
    """Call items of yours back, whoever has them; the hash of the reason goes on chain."""
    words = [epc_hash(name_of(link)) for link in wanted.links]
    client = work.client(ItemsClient)
    return _sent(client.recall(words, keccak(wanted.reason.encode()), key=work.key))


@router.post("/devices")
def assign_device(wanted: SignedItemWordIn, work: WorkDep) -> Sent:
    """Bind a device to an item of yours, with the device's word."""
    signed = SignedAssignment.from_json(wanted.signed)
    return _sent(work.client(ItemsClient).assign_device(signed, key=work.key))


@router.post("/windows")
def anchor(wanted: SignedItemWordIn, work: WorkDep) -> Sent:
    """Anchor a window of readings that a device signed; only its root goes on chain."""
    signed = SignedWindow.from_json(wanted.signed)
    return _sent(work.client(ItemsClient).anchor(signed, key=work.key))


@router.post("/seals")
def claim_tag(wanted: SignedItemWordIn, work: WorkDep) -> Sent:
    """Break a seal, with the word of the key under it."""
    signed = SignedTagClaim.from_json(wanted.signed)
    return _sent(work.client(ItemsClient).claim_tag(signed, key=work.key))


@router.post("/{id}/pack")
def pack(number: NumberDep, wanted: ItemsIn, work: WorkDep) -> Sent:
    """Pack items of yours into this one."""
    client = work.client(ItemsClient)
    return _sent(client.pack(number, wanted.numbers, wanted.step.made(client), key=work.key))


@router.post("/{id}/unpack")
def unpack(number: NumberDep, wanted: ItemsIn, work: WorkDep) -> Sent:
    """Take items out of this one."""
    client = work.client(ItemsClient)
    return _sent(client.unpack(number, wanted.numbers, wanted.step.made(client), key=work.key))


@router.post("/{id}/errors")
def declare_error(number: NumberDep, wanted: ErrorIn, work: WorkDep) -> Sent:
    """Declare an earlier event of an item of yours wrong; nothing is deleted."""
    client = work.client(ItemsClient)
    words = (wanted.event_hash, wanted.correction_hash)
    return _sent(client.declare_error(number, *words, key=work.key))


def _sent(receipt: Any) -> Sent:
    return Sent(tx_hash=receipt.hash, block=receipt.block)
