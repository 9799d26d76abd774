"""The tails of a cell."""

from regional_cell.bootstrap.stores import Stores
from regional_cell.services.indexing import Indexing
from regional_cell.services.tails import TailRunner

# How far search may lag behind under load, for pages that are worth a transaction.
INDEX_PACE_S = 0.1


def make_tails(stores: Stores) -> list[TailRunner]:
    """One runner a tail, not started."""
    indexing = Indexing(stores.index)
    return [TailRunner(indexing, stores.log, stores.sealer, stores.doorbell, pace_s=INDEX_PACE_S)]
