"""What kinds of customers' intents have in common."""

from __future__ import annotations

import time
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from crmdapp.web.context import Context

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
CID = "0x" + "6b" * 31 + "00"
WORD = "0x" + "9c" * 32
SPAN = 3_600

Span = Annotated[
    int, Field(ge=60, le=604_800, description="Seconds for which the signature can be used.")
]
Moment = Annotated[int, Field(ge=1, lt=253_402_300_800, description="Unix seconds.")]
Nonce = Annotated[int, Field(ge=0, lt=1 << 53, description="A number not used before.")]
Epoch = Annotated[int, Field(ge=0, lt=1 << 16)]


def example(**values: Any) -> ConfigDict:
    """Return the configuration of a model with an example."""
    return ConfigDict(json_schema_extra={"examples": [values]})


def deadline_of(context: Context, span: int) -> int:
    """Return the last second of a signature, by the later of the chain's clock and the server's."""
    # The chain's clock decides; a server whose clock is behind would sign what is over.
    return max(context.connection.block_timestamp(), int(time.time())) + span
