"""The search index in a SQLite file of its own, with FTS5.

Terms are readable here, so the file never stands beside sealed bodies in one store, is left out of backups,
and is made again from the log when it is lost. Texts are folded and cut into words by `domain.search_match`;
the tokenizers here only see the result, so that the index and the domain mean the same by a word.

Invariants
    1. A resident's position moves in the transaction that writes what it covers.
    2. The asker's text never becomes query syntax: every term is cut into words and quoted here.
    3. Freed pages are overwritten; terms of removed messages leave the segments with the next compaction, at
       the latest after `REMOVED_MAX` removals and when the file is opened or closed.

Relaxed sync on purpose: what a power cut takes is indexed again from the position that survived.
"""

import asyncio
import fcntl
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from accord.errors import NotReadyError
from regional_cell.adapters.rows import pieces, source
from regional_cell.domain.search_match import fold, is_unspaced, words
from regional_cell.domain.search_query import Term
from regional_cell.ports.search import Document, IndexHit, IndexQuery

READERS = 2
CANDIDATES_MAX = 1_000
REMOVED_MAX = 256
SCHEMA_VERSION = 1
TRIGRAM = 3
# Copying the log back syncs the disk, which the cell's own commits wait for too.
LOG_PAGES = 8_192
_SCHEMA = f"""
BEGIN;
CREATE TABLE positions (resident TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, resident TEXT NOT NULL, channel TEXT NOT NULL,
    ts INTEGER NOT NULL, user TEXT NOT NULL,
    UNIQUE (resident, channel, ts)
);
CREATE INDEX documents_by_time ON documents (resident, ts);
CREATE VIRTUAL TABLE words USING fts5(text, tokenize = "ascii");
CREATE VIRTUAL TABLE grams USING fts5(text, tokenize = "trigram case_sensitive 1");
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
P = ParamSpec("P")
T = TypeVar("T")
Condition = tuple[str, list[str | int]]


class Fts5Index:
    """`ports.SearchIndex`. One thread writes, two read. Open before use, close at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="index-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="index-read")
        self._writer: sqlite3.Connection | None = None
        self._damaged = False
        self._readers: list[sqlite3.Connection] = []
        self._of_thread = threading.local()
        self._removed = 0

    async def open(self) -> None:
        """Open or create the file. One of another schema or a damaged one is made anew: it is derived data.

        Raises NotReadyError when there can be none now; writes try again.
        """
        await self._on(self._write_thread, self._open)

    async def close(self) -> None:
        """Finish what runs, compact, close."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._read_threads.shutdown)
        await self._on(self._write_thread, self._close)
        await loop.run_in_executor(None, self._write_thread.shutdown)

    async def position(self, resident: str) -> int:
        """As `ports.SearchIndex.position`."""
        return await self._on(self._read_threads, self._position, resident)

    async def positions(self) -> dict[str, int]:
        """As `ports.SearchIndex.positions`. Raises NotReadyError."""
        rows = await self._on(self._read_threads, self._ask, "SELECT resident, sequence FROM positions", ())
        return {resident: int(sequence) for resident, sequence in rows}

    async def index(
        self, resident: str, through: int, documents: Iterable[Document], removed: Iterable[tuple[str, int]]
    ) -> None:
        """As `ports.SearchIndex.index`. Raises NotReadyError when the file cannot be written."""
        await self._on(self._write_thread, self._index, resident, through, list(documents), list(removed))

    async def search(self, resident: str, query: IndexQuery) -> list[IndexHit]:
        """As `ports.SearchIndex.search`. Raises NotReadyError when the file cannot be read."""
        if not query.channels:
            return []
        return await self._on(self._read_threads, self._search, resident, query)

    async def _on(
        self, threads: ThreadPoolExecutor, work: Callable[P, T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(
                threads, lambda: work(*arguments, **named)
            )
        except sqlite3.Error as error:
            raise NotReadyError(store="search", why=type(error).__name__) from error

    # --- on the writing thread ---------------------------------------------------------------------

    def _open(self) -> None:
        """One process after the other: none may find a file that another has made by half."""
        with open(f"{self.path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._open_alone()

    def _open_alone(self) -> None:
        version = -1
        try:
            self._writer = self._connect()
            version = self._writer.execute("PRAGMA user_version").fetchone()[0]
            if version == SCHEMA_VERSION and not self._damaged:
                self._compact()
                return
        except sqlite3.OperationalError:
            # It is in use, or cannot be reached: nothing says that it is damaged.
            self._drop_writer()
            raise
        except sqlite3.DatabaseError:
            version = -1
        if version != 0:
            self._drop_writer()
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        self._writer = self._writer or self._connect()
        try:
            self._writer.executescript(_SCHEMA)
        except sqlite3.Error:
            self._drop_writer()
            raise
        self._damaged = False

    def _notice(self, error: sqlite3.Error) -> None:
        """Have a damaged file made anew by the next write. What is in use or out of reach is not damaged."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
            self._damaged = True

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _close(self) -> None:
        if self._writer is not None:
            if self._removed:
                self._compact()
            self._writer.close()
        for reader in self._readers:
            reader.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=10.0, check_same_thread=False)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "secure_delete = ON",
            f"wal_autocheckpoint = {LOG_PAGES}",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _write(self) -> sqlite3.Connection:
        if self._writer is None:
            self._open()
        if self._writer is None:
            raise NotReadyError(store="search")
        return self._writer

    def _index(
        self, resident: str, through: int, documents: list[Document], removed: list[tuple[str, int]]
    ) -> None:
        if self._damaged:
            self._drop_writer()
        try:
            self._index_once(resident, through, documents, removed)
        except sqlite3.DatabaseError as error:
            self._notice(error)
            raise

    def _index_once(
        self, resident: str, through: int, documents: list[Document], removed: list[tuple[str, int]]
    ) -> None:
        run = self._write().execute
        run("BEGIN IMMEDIATE")
        try:
            self._drop(resident, [*removed, *((one.channel, one.ts) for one in documents)])
            self._add(resident, documents)
            run(
                "INSERT INTO positions (resident, sequence) VALUES (?, ?)"
                " ON CONFLICT (resident) DO UPDATE SET sequence = excluded.sequence",
                (resident, through),
            )
            run("COMMIT")
        except BaseException:
            if self._write().in_transaction:
                run("ROLLBACK")
            raise
        if self._removed >= REMOVED_MAX:
            self._compact()

    def _add(self, resident: str, documents: list[Document]) -> None:
        following = self._write().execute("SELECT coalesce(max(id), 0) + 1 FROM documents").fetchone()[0]
        rows, texts, unspaced = [], [], []
        for row, document in enumerate(documents, following):
            rows.append((row, resident, document.channel, document.ts, document.user))
            folded = fold(document.text)
            texts.append((row, " ".join(words(folded))))
            if is_unspaced(folded):
                unspaced.append((row, folded))
        self._insert("documents (id, resident, channel, ts, user)", rows)
        self._insert("words (rowid, text)", texts)
        self._insert("grams (rowid, text)", unspaced)

    def _insert(self, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for length, values in pieces(rows):
            self._write().execute(f"INSERT INTO {into} {source(len(rows[0]), length)}", values)

    def _drop(self, resident: str, keys: Sequence[tuple[str, int]]) -> None:
        """Forget the documents that are there; most are new and are not."""
        run = self._write().execute
        for length, values in pieces(keys):
            text = (
                f"SELECT id FROM ({source(2, length)}) AS wanted CROSS JOIN documents AS found"  # noqa: S608
                " ON found.resident = ? AND found.channel = wanted.column1 AND found.ts = wanted.column2"
            )
            for found in run(text, [*values, resident]).fetchall():
                run("DELETE FROM words WHERE rowid = ?", found)
                run("DELETE FROM grams WHERE rowid = ?", found)
                run("DELETE FROM documents WHERE id = ?", found)
                self._removed += 1

    def _compact(self) -> None:
        """Write the terms anew, without those of removed messages."""
        self._write().execute("INSERT INTO words (words) VALUES ('optimize')")
        self._write().execute("INSERT INTO grams (grams) VALUES ('optimize')")
        self._write().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._removed = 0

    # --- on the reading threads --------------------------------------------------------------------

    def _read(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA query_only = ON")
            self._of_thread.connection = connection
            self._readers.append(connection)
        return connection

    def _ask(self, sql: str, values: Sequence[str | int]) -> list[Any]:
        """All rows. After an error the connection is not used again: the file may be another by then."""
        connection = self._read()
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            self._notice(error)
            self._of_thread.connection = None
            self._readers.remove(connection)
            connection.close()
            raise

    def _position(self, resident: str) -> int:
        rows = self._ask("SELECT sequence FROM positions WHERE resident = ?", (resident,))
        return int(rows[0][0]) if rows else 0

    def _search(self, resident: str, query: IndexQuery) -> list[IndexHit]:
        return [IndexHit(channel, ts) for channel, ts in self._ask(*_statement(resident, query))]


def _statement(resident: str, query: IndexQuery) -> tuple[str, list[str | int]]:
    """SQL of our own words; every value is bound."""
    conditions: list[Condition] = [
        ("d.resident = ?", [resident]),
        (f"d.channel IN ({_marks(query.channels)})", [*query.channels]),
    ]
    if query.users:
        conditions.append((f"d.user IN ({_marks(query.users)})", [*query.users]))
    if query.oldest_us is not None:
        conditions.append(("d.ts >= ?", [query.oldest_us]))
    if query.latest_us is not None:
        conditions.append(("d.ts < ?", [query.latest_us]))
    conditions += [_condition(term) for term in query.terms]
    where = " AND ".join(text for text, _ in conditions)
    values = [value for _, bound in conditions for value in bound]
    limit = max(0, min(query.limit, CANDIDATES_MAX))
    # Our own words only: every value is bound.
    columns, order = "SELECT d.channel, d.ts FROM documents d", f"ORDER BY d.ts DESC LIMIT {limit}"
    return f"{columns} WHERE {where} {order}", values


def _condition(term: Term) -> Condition:
    unless = "NOT " if term.negated else ""
    folded = fold(term.text)
    if is_unspaced(term.text):
        if len(folded) < TRIGRAM:
            looked_at = "SELECT 1 FROM grams g WHERE g.rowid = d.id AND instr(g.text, ?) > 0"
            return f"{unless}EXISTS ({looked_at})", [folded]
        hits = "SELECT rowid FROM grams WHERE grams MATCH ?"
        return f"d.id {unless}IN ({hits})", [_quoted(folded)]
    wanted = words(folded)
    if not wanted:
        return ("1" if term.negated else "0"), []
    phrase = _quoted(" ".join(wanted)) + (" *" if term.kind == "prefix" else "")
    hits = "SELECT rowid FROM words WHERE words MATCH ?"
    return f"d.id {unless}IN ({hits})", [phrase]


def _quoted(text: str) -> str:
    return '"' + text.replace("\0", " ").replace('"', '""') + '"'


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))


def check(path: Path) -> str:
    """What is wrong with the pages of a file that nobody has open, or with its terms, which have to be those
    of its texts; empty when nothing is, or when there is no file.
    """
    if not path.exists():
        return ""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for table in ("words", "grams"):
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")  # noqa: S608
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        return "" if found == "ok" else str(found).split("\n")[0]
    except sqlite3.Error as error:
        return type(error).__name__
    finally:
        connection.close()


def contents(path: Path, resident: str) -> tuple[int, dict[tuple[str, int], Document]]:
    """Position and documents of a resident in a file that nobody has open, texts as they are kept. A file
    that is not there holds nothing. Raises sqlite3.Error when it cannot be read.
    """
    if not path.exists():
        return 0, {}
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        position = connection.execute(
            "SELECT sequence FROM positions WHERE resident = ?", (resident,)
        ).fetchone()
        rows = connection.execute(
            "SELECT channel, ts, user, coalesce(w.text, ''), coalesce(g.text, '') FROM documents"
            " LEFT JOIN words w ON w.rowid = id LEFT JOIN grams g ON g.rowid = id WHERE resident = ?",
            (resident,),
        ).fetchall()
    finally:
        connection.close()
    kept = {
        (channel, ts): Document(channel, ts, user, f"{terms}\n{grams}")
        for channel, ts, user, terms, grams in rows
    }
    return (int(position[0]) if position else 0), kept


def as_kept(document: Document) -> Document:
    """A document as `contents` gives it."""
    folded = fold(document.text)
    text = f"{' '.join(words(folded))}\n{folded if is_unspaced(folded) else ''}"
    return Document(document.channel, document.ts, document.user, text)
