"""The index: every event of the contracts in SQL, and tables derived from them, safe from reorgs.

Blocks prove themselves before they are written (:mod:`~crmdapp.store.index.engine.blocks`), what a
reorg takes back is undone (:mod:`~crmdapp.store.index.engine.writer`), and each domain derives its
tables with functions of events (:mod:`~crmdapp.store.index.deriving`).
"""

from crmdapp.store.index.database import Index, Position, open_index, rebuild_index
from crmdapp.store.index.engine.follower import Follower, Step

__all__ = ["Follower", "Index", "Position", "Step", "open_index", "rebuild_index"]
