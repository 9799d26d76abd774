"""`ports.Views` over SQL: reading rows, their content opened."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.log import admit
from regional_cell.adapters.sql.tables import CONTENT, RESIDENTS, VIEW_TABLES
from regional_cell.adapters.sql.timeline import read_timeline
from regional_cell.domain.access import Sight
from regional_cell.domain.changes import Key, Row
from regional_cell.domain.state import State
from regional_cell.domain.views.files import STORED
from regional_cell.domain.views.registry import DUE, VIEWS
from regional_cell.ports.log import Sealer
from regional_cell.ports.views import REPLIERS_MAX, FilesWanted, Timeline

KEYS_MAX = 1_000

_MESSAGES = VIEW_TABLES["messages"]
_REACTIONS = VIEW_TABLES["reactions"]
_READS = VIEW_TABLES["reads"]
_SHARES = VIEW_TABLES["file_shares"]
_FILES = VIEW_TABLES["files"]
_MEMBERS = VIEW_TABLES["members"]
_CHANNELS = VIEW_TABLES["channels"]

_VISIBLE = sa.func.coalesce(_MESSAGES.c.hidden, 0) == 0
_MAIN_LINE = sa.and_(
    _VISIBLE,
    sa.or_(sa.func.coalesce(_MESSAGES.c.thread_ts, 0) == 0, sa.func.coalesce(_MESSAGES.c.broadcast, 0) != 0),
)


class SqlViews:
    """The views of all residents."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def rows(self, resident: str, view: str) -> list[tuple[Key, Row]]:
        """As `ports.Views.rows`, in order of the keys."""
        return await self._database.read(lambda connection: self._rows(connection, resident, view))

    async def state(self, resident: str) -> State | None:
        """As `ports.Views.state`."""

        def work(connection: sa.Connection) -> State | None:
            record = connection.execute(
                sa.select(RESIDENTS).where(RESIDENTS.c.resident == resident)
            ).one_or_none()
            if record is None:
                return None
            state = State(resident, record.epoch, record.head, record.clock_us, record.state)
            for view in state.rows:
                state.load(view, self._rows(connection, resident, view))
            return state

        return await self._database.read(work)

    async def row(self, resident: str, view: str, key: Key) -> Row | None:
        """As `ports.Views.row`."""
        return (await self.many(resident, view, [key])).get(tuple(key))

    async def many(self, resident: str, view: str, keys: Sequence[Key]) -> dict[Key, Row]:
        """As `ports.Views.many`."""
        if len(keys) > KEYS_MAX:
            raise ValueError("too many keys")
        table, names = VIEW_TABLES[view], list(VIEWS[view].key)
        where: sa.ColumnElement[bool]
        if len(names) > 1:
            where = sa.tuple_(*(table.c[name] for name in names)).in_([tuple(key) for key in keys])
        elif names:
            where = table.c[names[0]].in_([key[0] for key in keys])
        else:
            where = sa.true() if keys else sa.false()
        return dict(
            await self._database.read(lambda connection: self._rows(connection, resident, view, where))
        )

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
        ts = _MESSAGES.c.ts
        where = sa.and_(_MESSAGES.c.channel == channel, _between(oldest, latest), _MAIN_LINE)
        return await self._messages(resident, where, ts.desc() if newest_first else ts.asc(), limit)

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

        def work(connection: sqlite3.Connection) -> Timeline:
            return read_timeline(
                connection, resident, channel, oldest, latest, limit, newest_first=newest_first, knows=knows
            )

        return await self._database.read_plain(work)

    async def thread(
        self, resident: str, channel: str, root: int, *, oldest: int | None, latest: int | None, limit: int
    ) -> list[tuple[int, Row]]:
        """As `ports.Views.thread`."""
        where = sa.and_(
            _MESSAGES.c.channel == channel, _MESSAGES.c.thread_ts == root, _between(oldest, latest), _VISIBLE
        )
        return await self._messages(resident, where, _MESSAGES.c.ts.asc(), limit)

    async def reply_users(self, resident: str, channel: str, roots: Sequence[int]) -> dict[int, list[str]]:
        """As `ports.Views.reply_users`."""
        table = _MESSAGES
        author = sa.func.coalesce(sa.func.nullif(table.c.user, ""), table.c.bot)
        statement = (
            sa.select(table.c.thread_ts, author, sa.func.min(table.c.ts).label("first"))
            .where(
                table.c.resident == resident, table.c.channel == channel, table.c.thread_ts.in_(list(roots))
            )
            .where(_VISIBLE)
            .group_by(table.c.thread_ts, author)
            .order_by("first")
        )
        users: dict[int, list[str]] = {}
        for root, name, _ in await self._all(statement):
            if name and len(users.setdefault(root, [])) < REPLIERS_MAX:
                users[root].append(name)
        return users

    async def reactions(
        self, resident: str, channel: str, ts: Sequence[int]
    ) -> dict[int, list[tuple[str, list[str]]]]:
        """As `ports.Views.reactions`."""
        table = _REACTIONS
        statement = (
            sa.select(table.c.ts, table.c.name, table.c.user)
            .where(table.c.resident == resident, table.c.channel == channel, table.c.ts.in_(list(ts)))
            .order_by(table.c.at_us, table.c.ts, table.c.name, table.c.user)
        )
        grouped: dict[int, dict[str, list[str]]] = {}
        for message, name, user in await self._all(statement):
            grouped.setdefault(message, {}).setdefault(name, []).append(user)
        return {message: list(names.items()) for message, names in grouped.items()}

    async def unread(self, resident: str, user: str, channels: Sequence[str]) -> dict[str, tuple[int, int]]:
        """As `ports.Views.unread`."""
        marks = sa.select(_READS.c.channel, sa.func.coalesce(_READS.c.last_read, 0)).where(
            _READS.c.resident == resident, _READS.c.user == user, _READS.c.channel.in_(list(channels))
        )
        count = (
            sa.select(sa.func.count())
            .select_from(_MESSAGES)
            .where(_MESSAGES.c.resident == resident, _MESSAGES.c.channel == sa.bindparam("c"), _MAIN_LINE)
            .where(_MESSAGES.c.ts > sa.bindparam("after"), sa.func.coalesce(_MESSAGES.c.user, "") != user)
        )

        def work(connection: sa.Connection) -> dict[str, tuple[int, int]]:
            read: dict[str, int] = dict(map(tuple, connection.execute(marks)))
            counts = {}
            for channel in channels:
                after = read.get(channel, 0)
                counts[channel] = (after, connection.scalar(count, {"c": channel, "after": after}) or 0)
            return counts

        return await self._database.read(work)

    async def shares(
        self, resident: str, files: Sequence[str]
    ) -> dict[str, list[tuple[str, int, int | None]]]:
        """As `ports.Views.shares`."""
        table = _SHARES
        statement = (
            sa.select(table.c.file, table.c.channel, table.c.ts, table.c.thread_ts)
            .where(table.c.resident == resident, table.c.file.in_(list(files)))
            .order_by(table.c.file, table.c.channel, table.c.ts)
        )
        found: dict[str, list[tuple[str, int, int | None]]] = {}
        for file, channel, ts, thread_ts in await self._all(statement):
            found.setdefault(file, []).append((channel, ts, thread_ts))
        return found

    async def files(
        self, resident: str, wanted: FilesWanted, limit: int, offset: int
    ) -> tuple[int, list[str]]:
        """As `ports.Views.files`."""
        table, created_s = _FILES, _FILES.c.created_s
        shares = sa.exists().where(_SHARES.c.resident == resident, _SHARES.c.file == table.c.file)
        seen = shares.where(_readable(resident, _SHARES.c.channel, wanted.sight))
        where = [table.c.resident == resident, table.c.state == STORED]
        where.append(sa.or_(table.c.user == wanted.sight.user, seen))
        if wanted.channel:
            where.append(shares.where(_SHARES.c.channel == wanted.channel))
        if wanted.user:
            where.append(table.c.user == wanted.user)
        if wanted.categories is not None:
            where.append(table.c.category.in_(wanted.categories))
        where += [created_s >= wanted.oldest_s] if wanted.oldest_s is not None else []
        where += [created_s <= wanted.latest_s] if wanted.latest_s is not None else []
        count = sa.select(sa.func.count()).select_from(table).where(*where)
        page = sa.select(table.c.file).where(*where).order_by(created_s.desc(), table.c.file)

        def work(connection: sa.Connection) -> tuple[int, list[str]]:
            found = connection.scalars(page.limit(limit).offset(offset)).all()
            return connection.scalar(count) or 0, list(found)

        return await self._database.read(work)

    async def reacted(
        self, resident: str, user: str, sight: Sight, *, before_us: int | None, limit: int, offset: int
    ) -> tuple[int, list[tuple[int, str, int]]]:
        """As `ports.Views.reacted`."""
        table = _REACTIONS
        newest = sa.func.max(table.c.at_us)
        shown = sa.exists().where(
            _MESSAGES.c.resident == resident, _MESSAGES.c.channel == table.c.channel,
            _MESSAGES.c.ts == table.c.ts, _VISIBLE,
        )  # fmt: skip
        items = (
            sa.select(newest.label("newest"), table.c.channel, table.c.ts)
            .where(table.c.resident == resident, table.c.user == user, shown)
            .where(_readable(resident, table.c.channel, sight))
            .group_by(table.c.channel, table.c.ts)
        )
        count = sa.select(sa.func.count()).select_from(items.subquery())
        page = items.having(newest < before_us) if before_us is not None else items
        page = page.order_by(newest.desc()).limit(limit).offset(offset)

        def work(connection: sa.Connection) -> tuple[int, list[tuple[int, str, int]]]:
            found = [(at_us, channel, ts) for at_us, channel, ts in connection.execute(page)]
            return connection.scalar(count) or 0, found

        return await self._database.read(work)

    async def due(
        self, view: str, until_s: int, limit: int, skipped: Sequence[str] = ()
    ) -> list[tuple[str, Key]]:
        """As `ports.Views.due`."""
        table, names = VIEW_TABLES[view], list(VIEWS[view].key)
        statement = (
            sa.select(table.c.resident, *(table.c[name] for name in names))
            .where(table.c[DUE].is_not(None), table.c[DUE] <= until_s)
            .where(table.c.resident.not_in(list(skipped)))
            .order_by(table.c[DUE])
            .limit(limit)
        )
        return [(resident, tuple(key)) for resident, *key in await self._all(statement)]

    async def _all(self, statement: sa.Select[*tuple[Any, ...]]) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        return await self._database.read(lambda connection: connection.execute(statement).all())

    async def _messages(
        self, resident: str, where: sa.ColumnElement[bool], order: sa.UnaryExpression[Any], limit: int
    ) -> list[tuple[int, Row]]:
        names = list(VIEWS["messages"].columns)
        statement = (
            sa.select(_MESSAGES.c.ts, *(_MESSAGES.c[name] for name in names))
            .where(_MESSAGES.c.resident == resident, where)
            .order_by(order)
            .limit(limit)
        )
        return [(ts, dict(zip(names, row, strict=True))) for ts, *row in await self._all(statement)]

    def _rows(
        self, connection: sa.Connection, resident: str, view: str, where: sa.ColumnElement[bool] | None = None
    ) -> list[tuple[Key, Row]]:
        table, names, columns = VIEW_TABLES[view], list(VIEWS[view].key), list(VIEWS[view].columns)
        statement = sa.select(*(table.c[name] for name in names + columns)).where(
            table.c.resident == resident
        )
        if where is not None:
            statement = statement.where(where)
        if names:
            statement = statement.order_by(*(table.c[name] for name in names))
        if CONTENT in columns:
            admit(connection, self._sealer, resident)
        rows: list[tuple[Key, Row]] = []
        for found in connection.execute(statement):
            key: Key = tuple(found[: len(names)])
            row: Row = dict(zip(columns, found[len(names) :], strict=True))
            if row.get(CONTENT) is not None:
                row[CONTENT] = self._sealer.open_content(resident, view, key, row[CONTENT])
            rows.append((key, row))
        return rows


def _readable(resident: str, channel: sa.Column[Any], sight: Sight) -> sa.ColumnElement[bool]:
    """Whether the channel that the column names may be read."""
    member = sa.exists().where(
        _MEMBERS.c.resident == resident, _MEMBERS.c.channel == channel, _MEMBERS.c.user == sight.user
    )
    if not sight.public:
        return member
    public = sa.exists().where(
        _CHANNELS.c.resident == resident, _CHANNELS.c.channel == channel, _CHANNELS.c.kind == "public"
    )
    return sa.or_(public, member)


def _between(oldest: int | None, latest: int | None) -> sa.ColumnElement[bool]:
    bounds = [_MESSAGES.c.ts > oldest] if oldest is not None else []
    bounds += [_MESSAGES.c.ts < latest] if latest is not None else []
    return sa.and_(sa.true(), *bounds)
