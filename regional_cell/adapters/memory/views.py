"""Reading the views that a `MemoryStore` holds."""

import copy
from collections.abc import Callable, Sequence

from regional_cell.adapters.memory.store import MemoryStore
from regional_cell.domain.access import Sight
from regional_cell.domain.changes import Key, Row
from regional_cell.domain.state import State
from regional_cell.domain.views.files import STORED
from regional_cell.domain.views.registry import DUE, VIEWS
from regional_cell.ports.views import REPLIERS_MAX, FilesWanted, Timeline


class MemoryViews:
    """`ports.Views` over a store in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def rows(self, resident: str, view: str) -> list[tuple[Key, Row]]:
        """As `ports.Views.rows`."""
        return sorted(copy.deepcopy(self._table(resident, view)).items())

    async def state(self, resident: str) -> State | None:
        """As `ports.Views.state`."""
        record = self._store.records.get(resident)
        if record is None:
            return None
        self._store.admit(resident)
        state = State(resident, record.epoch, record.head, record.clock_us, record.state)
        for view in state.rows:
            state.load(view, copy.deepcopy(self._table(resident, view)).items())
        return state

    async def row(self, resident: str, view: str, key: Key) -> Row | None:
        """As `ports.Views.row`."""
        return copy.deepcopy(self._table(resident, view).get(key))

    async def many(self, resident: str, view: str, keys: Sequence[Key]) -> dict[Key, Row]:
        """As `ports.Views.many`."""
        table = self._table(resident, view)
        return {key: copy.deepcopy(table[key]) for key in keys if key in table}

    async def messages(
        self,
        resident: str,
        channel: str,
        *,
        oldest: int | None,
        latest: int | None,
        newest_first: bool,
        limit: int,
    ) -> list[tuple[int, Row]]:
        """As `ports.Views.messages`."""
        found = [
            (ts, row) for ts, row in self._between(resident, channel, oldest, latest) if _in_main_line(row)
        ]
        return copy.deepcopy(sorted(found, key=_ts, reverse=newest_first)[:limit])

    async def timeline(
        self,
        resident: str,
        channel: str,
        *,
        oldest: int | None,
        latest: int | None,
        newest_first: bool,
        limit: int,
        knows: Callable[[int], bool],
    ) -> Timeline:
        """As `ports.Views.timeline`."""
        rows = await self.messages(
            resident, channel, oldest=oldest, latest=latest, newest_first=newest_first, limit=limit
        )
        sequences = {row[name] for _, row in rows for name in ("sequence", "text_sequence")}
        entries = await self._store.entries(resident, sorted(sequences))
        texts = {row["text_sequence"] for _, row in rows}
        return Timeline(
            rows,
            {sequence: entry for sequence, entry in entries.items() if not knows(sequence)},
            {sequence for sequence in texts if entries[sequence].sealed is None},
            await self.reply_users(resident, channel, [ts for ts, row in rows if row["reply_count"]]),
            await self.reactions(resident, channel, [ts for ts, _ in rows]),
        )

    async def thread(
        self, resident: str, channel: str, root: int, *, oldest: int | None, latest: int | None, limit: int
    ) -> list[tuple[int, Row]]:
        """As `ports.Views.thread`."""
        return copy.deepcopy(self._replies(resident, channel, root, oldest, latest)[:limit])

    async def reply_users(self, resident: str, channel: str, roots: Sequence[int]) -> dict[int, list[str]]:
        """As `ports.Views.reply_users`."""
        users = {}
        for root in roots:
            repliers = (
                row["user"] or row["bot"] for _, row in self._replies(resident, channel, root, None, None)
            )
            users[root] = list(dict.fromkeys(filter(None, repliers)))[:REPLIERS_MAX]
        return {root: names for root, names in users.items() if names}

    async def reactions(
        self, resident: str, channel: str, ts: Sequence[int]
    ) -> dict[int, list[tuple[str, list[str]]]]:
        """As `ports.Views.reactions`."""
        wanted = set(ts)
        found = [
            (row["at_us"], key)
            for key, row in self._table(resident, "reactions").items()
            if key[0] == channel and key[1] in wanted
        ]
        grouped: dict[int, dict[str, list[str]]] = {}
        for _, (_, message, name, user) in sorted(found):
            grouped.setdefault(message, {}).setdefault(name, []).append(user)
        return {message: list(names.items()) for message, names in grouped.items()}

    async def unread(self, resident: str, user: str, channels: Sequence[str]) -> dict[str, tuple[int, int]]:
        """As `ports.Views.unread`."""
        reads, counts = self._table(resident, "reads"), {}
        for channel in channels:
            last_read = (reads.get((user, channel)) or {}).get("last_read") or 0
            after = self._between(resident, channel, last_read, None)
            counts[channel] = (last_read, sum(_in_main_line(row) and row["user"] != user for _, row in after))
        return counts

    async def shares(
        self, resident: str, files: Sequence[str]
    ) -> dict[str, list[tuple[str, int, int | None]]]:
        """As `ports.Views.shares`."""
        found: dict[str, list[tuple[str, int, int | None]]] = {}
        for (file, channel, ts), row in sorted(self._table(resident, "file_shares").items()):
            if file in files:
                found.setdefault(file, []).append((channel, ts, row["thread_ts"]))
        return found

    async def files(
        self, resident: str, wanted: FilesWanted, limit: int, offset: int
    ) -> tuple[int, list[str]]:
        """As `ports.Views.files`."""
        found = []
        for (file,), row in self._table(resident, "files").items():
            places = {key[1] for key in self._table(resident, "file_shares") if key[0] == file}
            seen = row["user"] == wanted.sight.user or any(
                self._readable(resident, channel, wanted.sight) for channel in places
            )
            if (
                seen
                and row["state"] == STORED
                and (not wanted.channel or wanted.channel in places)
                and (not wanted.user or wanted.user == row["user"])
                and (wanted.categories is None or row["category"] in wanted.categories)
                and (wanted.oldest_s is None or row["created_s"] >= wanted.oldest_s)
                and (wanted.latest_s is None or row["created_s"] <= wanted.latest_s)
            ):
                found.append((-row["created_s"], file))
        return len(found), [file for _, file in sorted(found)[offset : offset + limit]]

    async def reacted(
        self, resident: str, user: str, sight: Sight, *, before_us: int | None, limit: int, offset: int
    ) -> tuple[int, list[tuple[int, str, int]]]:
        """As `ports.Views.reacted`."""
        newest: dict[tuple[str, int], int] = {}
        messages = self._table(resident, "messages")
        for (channel, ts, _, who), row in self._table(resident, "reactions").items():
            message = messages.get((channel, ts))
            if who != user or message is None or message["hidden"]:
                continue
            if self._readable(resident, channel, sight):
                newest[channel, ts] = max(newest.get((channel, ts), 0), row["at_us"])
        items = sorted(((at_us, *key) for key, at_us in newest.items()), reverse=True)
        page = [item for item in items if before_us is None or item[0] < before_us]
        return len(items), page[offset : offset + limit]

    async def due(
        self, view: str, until_s: int, limit: int, skipped: Sequence[str] = ()
    ) -> list[tuple[str, Key]]:
        """As `ports.Views.due`."""
        found = [
            (row[DUE], resident, key)
            for resident in self._store.tables.keys() - set(skipped)
            for key, row in self._table(resident, view).items()
            if row[DUE] is not None and row[DUE] <= until_s
        ]
        return [(resident, key) for _, resident, key in sorted(found)[:limit]]

    def _readable(self, resident: str, channel: str, sight: Sight) -> bool:
        row = self._table(resident, "channels").get((channel,))
        if (channel, sight.user) in self._table(resident, "members"):
            return True
        return sight.public and row is not None and row["kind"] == "public"

    def _table(self, resident: str, view: str) -> dict[Key, Row]:
        name = VIEWS[view].name
        return self._store.tables[resident][name] if resident in self._store.tables else {}

    def _between(
        self, resident: str, channel: str, oldest: int | None, latest: int | None
    ) -> list[tuple[int, Row]]:
        return [
            (key[1], row)
            for key, row in self._table(resident, "messages").items()
            if key[0] == channel
            and (oldest is None or key[1] > oldest)
            and (latest is None or key[1] < latest)
            and not row["hidden"]
        ]

    def _replies(
        self, resident: str, channel: str, root: int, oldest: int | None, latest: int | None
    ) -> list[tuple[int, Row]]:
        found = self._between(resident, channel, oldest, latest)
        return sorted([(ts, row) for ts, row in found if row["thread_ts"] == root], key=_ts)


def _in_main_line(row: Row) -> bool:
    return not row["thread_ts"] or bool(row["broadcast"])


def _ts(found: tuple[int, Row]) -> int:
    return found[0]
