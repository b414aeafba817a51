"""How the loyalty tables follow from the contracts' events; importing it registers them all."""

from __future__ import annotations

from crmdapp.chain.manifest import Manifest
from crmdapp.store.index.deriving import Rows, begins
from crmdapp.store.index.loyalty import (
    _derive_campaigns,
    _derive_orders,
    _derive_points,
    _derive_programs,
    settling,
)
from crmdapp.store.index.loyalty._accounts import ONE
from crmdapp.store.index.loyalty.tables import CLOCKS

__all__ = ["begin"]

_PARTS = (_derive_programs, _derive_points, _derive_orders, _derive_campaigns, settling)


@begins
def begin(rows: Rows, manifest: Manifest) -> None:
    """Note what derivations need and no event tells: the hub's clock, from its deployment."""
    if "PointsHub" not in manifest or rows.get(CLOCKS, ONE) is not None:
        return
    genesis, epoch_length = manifest["PointsHub"].args[:2]
    rows.put(CLOCKS, id=ONE, genesis=int(genesis), epoch_length=int(epoch_length))
