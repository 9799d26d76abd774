"""What is counted of the log and the ledger is what became of them."""

from collections.abc import Sequence

from accord.runtime.metrics import Metrics
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.memory.store import MemoryStore
from regional_cell.adapters.metered import MeteredLedger, MeteredLog
from regional_cell.domain.events import SealedEvent
from regional_cell.domain.transfers import DEBIT, INTENT, RESULT, Entry
from regional_cell.ports.log import Append, Behind, Outcome, Written


class Kept:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    @property
    def broken(self) -> str:
        return ""

    async def append(self, entries: Sequence[Entry]) -> int:
        self.entries += entries
        return 0

    async def checkpoint(self) -> str:
        return ""


def shown(metrics: Metrics, line: str) -> bool:
    return line in metrics.text().decode()


async def test_bytes_that_leave_are_counted_once_by_purpose() -> None:
    metrics, kept = Metrics(), Kept()
    ledger = MeteredLedger(kept, metrics)
    fields = {"side": DEBIT, "purpose": "search", "bytes": 12}
    intent, result = ({**fields, "phase": phase} for phase in (INTENT, RESULT))
    await ledger.append([Entry(intent, {}), Entry(result, {})])
    assert len(kept.entries) == 2
    assert shown(metrics, 'colink_passage_bytes_total{purpose="search"} 12.0')
    assert shown(metrics, 'colink_passages_total{purpose="search"} 1.0')
    assert shown(metrics, 'colink_ledger_entries_total{phase="intent"} 1.0')


class Refusing(MemoryStore):
    """A store whose fence lets the first share pass and no other."""

    async def append(self, shares: Sequence[Append]) -> list[Outcome]:
        return [Written(), *(Behind() for _ in shares[1:])]


async def test_a_refused_write_counts_as_fenced_and_not_as_an_event() -> None:
    metrics = Metrics()
    event = SealedEvent("T1", 1, 1, "MessagePosted", 1, 1, "U1", "", b"", b"", ())
    share = Append("T1", 1, (event,), (), (), None)
    log = MeteredLog(Refusing(LocalSealer(CellKeys(bytes(32)))), metrics)
    await log.append([share, share])
    assert shown(metrics, 'colink_events_total{kind="MessagePosted"} 1.0')
    assert shown(metrics, "colink_fences_total 1.0")
    assert shown(metrics, "colink_commits_total 1.0")
