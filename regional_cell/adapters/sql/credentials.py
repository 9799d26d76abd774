"""`ports.Credentials` over SQL: the same statements for whoever it is."""

import sqlalchemy as sa

from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.log import record_of
from regional_cell.adapters.sql.tables import DATA_KEYS, RESIDENTS, VIEW_TABLES
from regional_cell.ports.identity import Held
from regional_cell.ports.log import Sealer

# View, key and member of what a password is held against.
_HASH = ("credentials", ("password",), "hash")
_EMAIL = ("contacts", ("email",), "value")


class SqlCredentials:
    """Credentials of the people of this cell."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database, self._sealer = database, sealer

    async def of(self, person: str) -> Held:
        """As `ports.Credentials.of`."""

        def work(connection: sa.Connection) -> Held:
            statement = sa.select(RESIDENTS).where(RESIDENTS.c.resident == person)
            record = connection.execute(statement).one_or_none()
            keys = connection.execute(sa.select(DATA_KEYS).where(DATA_KEYS.c.resident == person)).all()
            sealed = [_content(connection, person, view, key) for view, key, _ in (_HASH, _EMAIL)]
            if record is None:
                return Held()
            for key in keys:
                self._sealer.admit(person, key.key_id, key.wrapped, current=key.key_id == record.key_id)
            opened = [
                self._sealer.open_content(person, view, key, content)[member] if content is not None else ""
                for (view, key, member), content in zip((_HASH, _EMAIL), sealed, strict=True)
            ]
            return Held(record_of(record), *opened)

        return await self._database.read(work)


def _content(connection: sa.Connection, person: str, view: str, key: tuple[str, ...]) -> bytes | None:
    table = VIEW_TABLES[view]
    statement = sa.select(table.c.content).where(table.c.resident == person, table.c.kind == key[0])
    content: bytes | None = connection.scalar(statement)
    return content
