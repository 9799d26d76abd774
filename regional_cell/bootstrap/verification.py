"""Holds the files of a stopped cell against each other: the log, its views, files, the index and the ledger.

What is sealed proves itself. The rest of the database is folded from the log again and compared; the index
is held against the messages, files against their digests in the log, the book against its signed checkpoint.

Invariants
    1. A finding names places (residents, views, keys, sequences), never content.
    2. Nothing is repaired here. The index is derived: without its file the cell makes it anew.
"""

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from accord.clock import SystemClock
from accord.errors import ColinkError, NotReadyError
from accord.runtime.metrics import Metrics
from regional_cell.adapters.local.ledger_book import Book
from regional_cell.adapters.local.search_fts5 import as_kept, check, contents
from regional_cell.adapters.sql.schema_version import require_current
from regional_cell.adapters.sql.write_ahead import lost_commits
from regional_cell.bootstrap.stores import Stores
from regional_cell.ports.log import ResidentRecord
from regional_cell.ports.search import Document
from regional_cell.services.indexing import Indexing
from regional_cell.services.rebuild import PAGE_EVENTS, Rebuild
from regional_cell.settings import CellSettings

DIFFERENCES_MAX = 20
# Views that hold what a resident is placed by, as its first event said it.
_FACTS = {"T": "workspaces", "E": "organisations", "P": "people"}
_DAMAGE = (
    ColinkError,
    sqlite3.Error,
    orjson.JSONDecodeError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)


async def verify(settings: CellSettings) -> list[str]:
    """Findings, a line each; none for a sound cell. Raises NotReadyError when a process of the cell runs,
    SchemaError for a store of another schema.
    """
    verification = Verification(settings)
    try:
        return [finding async for finding in verification.findings()]
    finally:
        await verification.close()


@dataclass
class _Indexed:
    """`ports.SearchIndex` as far as it is fed: what the index of one resident has to hold."""

    documents: dict[tuple[str, int], Document] = field(default_factory=dict)

    async def index(
        self, resident: str, through: int, documents: Iterable[Document], removed: Iterable[tuple[str, int]]
    ) -> None:
        """As `ports.SearchIndex.index`."""
        for key in removed:
            self.documents.pop(key, None)
        self.documents.update({(one.channel, one.ts): as_kept(one) for one in documents})


class Verification:
    """One look at all files of one stopped cell."""

    def __init__(self, settings: CellSettings) -> None:
        self._settings = settings
        self._stores = Stores(settings, SystemClock(), Metrics(), 0)
        self._index_path = settings.node.data_dir / "search.db"
        self._rebuild = Rebuild(self._stores.log, self._stores.views, self._stores.sealer)

    async def findings(self) -> AsyncIterator[str]:
        """One after the other. Raises as `verify`."""
        path = self._stores.database.path
        if not self._stores.lead.take():
            raise NotReadyError(why="a process of the cell runs")
        if lost := await asyncio.to_thread(lost_commits, path):
            # Opening the database would take what is left for all there was, and write over the rest.
            yield f"{path.name}-wal: {lost} commits stand behind damage"
            return
        require_current(self._settings.sql_url)
        try:
            for line in await self._pages():
                yield f"{path.name}: {line}"
            records = await self._stores.log.residents()
        except _DAMAGE as error:
            yield f"{path.name}: cannot be read ({_name(error)})"
            return
        for record in records:
            for line in await self._resident(record):
                yield f"{record.resident}: {line}"
        if found := await asyncio.to_thread(check, self._index_path):
            yield f"{self._index_path.name}: {found}; without its file it is made anew"
        for line in await asyncio.to_thread(self._book):
            yield line

    async def close(self) -> None:
        """Let go of everything."""
        self._stores.lead.give_back()
        self._stores.files.close()
        self._stores.database.close()

    async def _pages(self) -> list[str]:
        text = "PRAGMA integrity_check"
        rows = await self._stores.database.read_plain(lambda connection: connection.execute(text).fetchall())
        return [str(row[0]).split("\n")[0] for row in rows if row[0] != "ok"]

    async def _resident(self, record: ResidentRecord) -> list[str]:
        found: list[str] = []
        for look in (self._views, self._facts, self._files, self._index):
            try:
                found += await look(record)
            except _DAMAGE as error:
                found.append(f"{look.__name__.strip('_')} cannot be read ({_name(error)})")
        return found

    async def _views(self, record: ResidentRecord) -> list[str]:
        compared = await self._rebuild.compare(record.resident)
        gaps = [f"the log does not go on at {sequence}" for sequence in compared.gaps]
        differences = [
            f"{one.view} {'/'.join(map(str, one.key))}: {one.what}" for one in compared.differences
        ]
        return [*gaps[:DIFFERENCES_MAX], *differences[:DIFFERENCES_MAX]]

    async def _facts(self, record: ResidentRecord) -> list[str]:
        """What decides where a resident may go, against its first event."""
        view = _FACTS.get(record.kind)
        if view is None or record.kind != record.resident[0]:
            return ["its kind is not that of its id"]
        row = await self._stores.views.row(record.resident, view, ())
        if row is None:
            return [] if record.head == 0 else ["it has a log and no facts"]
        content = row["content"]
        subjects = content.get("subjects", [row["establishment"]])
        facts = (row["establishment"], tuple(subjects), tuple(content.get("tags", ())))
        same = facts == (record.establishment, record.subjects, record.tags)
        return [] if same and record.state == "open" else ["its record is not what its first event says"]

    async def _files(self, record: ResidentRecord) -> list[str]:
        if record.kind != "T":
            return []
        found = []
        for (file,), row in await self._stores.views.rows(record.resident, "files"):
            if not row["object_key"]:
                continue
            digest = hashlib.sha256()
            try:
                async for piece in self._stores.files.read(record.resident, row["object_key"], 0, None):
                    digest.update(piece)
            except ColinkError as error:
                found.append(f"file {file}: {_name(error)}")
                continue
            if digest.digest() != row["sha256"]:
                found.append(f"file {file}: its bytes are not those that were stored")
        return found

    async def _index(self, record: ResidentRecord) -> list[str]:
        position, kept = await asyncio.to_thread(contents, self._index_path, record.resident)
        if position > record.head:
            return [f"the index has seen {position} events, and the log ends at {record.head}"]
        wanted = await self._indexed(record, position)
        if kept != wanted:
            keys = [key for key in wanted.keys() | kept.keys() if wanted.get(key) != kept.get(key)]
            return [f"the index differs in {len(keys)} messages; without its file it is made anew"]
        return []

    async def _indexed(self, record: ResidentRecord, position: int) -> dict[tuple[str, int], Document]:
        index, done = _Indexed(), 0
        indexing = Indexing(index)  # type: ignore[arg-type]
        while done < position:
            entries = [
                entry
                for entry in await self._stores.log.read(record.resident, done, PAGE_EVENTS)
                if entry.sequence <= position
            ]
            if not entries:
                break
            events = [self._stores.sealer.open_event(entry) for entry in entries if entry.sealed is not None]
            done = entries[-1].sequence
            await indexing.consume(record.resident, done, events)
        return index.documents

    def _book(self) -> Sequence[str]:
        folder = self._settings.node.data_dir / "ledger"
        origin, key = f"{self._settings.trust_domain}/ledger", self._settings.keys.ledger_key()
        broken = Book(folder, origin, key, os.urandom).broken
        return [f"ledger: {broken}"] if broken else []


def _name(error: BaseException) -> str:
    return str(error) if isinstance(error, ColinkError) else type(error).__name__
