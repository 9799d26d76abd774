"""Officers and their sessions in SQL."""

from sqlalchemy import Connection, Row, delete, select

from directory.adapters.sql.rows import from_column, put, to_column
from directory.adapters.sql.tables import officer_sessions, officers
from directory.domain.officers import Officer, OfficerState, Role, Session


class SqlOfficers:
    """`directory.ports.OfficerWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, name: str) -> Officer | None:
        row = self._connection.execute(select(officers).where(officers.c.name == name)).first()
        return None if row is None else _officer(row)

    def everybody(self) -> list[Officer]:
        return [_officer(row) for row in self._connection.execute(select(officers).order_by(officers.c.name))]

    def session(self, digest: bytes) -> Session | None:
        found = select(officer_sessions).where(officer_sessions.c.digest == digest)
        row = self._connection.execute(found).first()
        return None if row is None else Session(bytes(row.digest), row.officer, row.opened_s, row.expires_s)

    def sessions_of(self, officer: str) -> list[Session]:
        found = select(officer_sessions).where(officer_sessions.c.officer == officer)
        rows = self._connection.execute(
            found.order_by(officer_sessions.c.opened_s, officer_sessions.c.digest)
        )
        return [Session(bytes(row.digest), row.officer, row.opened_s, row.expires_s) for row in rows]

    def put(self, officer: Officer) -> None:
        row = {
            "name": officer.name,
            "roles": to_column(sorted(role.value for role in officer.roles)),
            "jurisdictions": to_column(officer.jurisdictions),
            "state": officer.state.value,
            "password_hash": officer.password_hash,
            "totp_sealed": officer.totp_sealed,
            "last_step": officer.last_step,
            "failures": officer.failures,
            "locked_until_s": officer.locked_until_s,
            "enrolment": officer.enrolment,
            "enrolment_until_s": officer.enrolment_until_s,
        }
        put(self._connection, officers, row)

    def open_session(self, session: Session) -> None:
        row = {
            "digest": session.digest,
            "officer": session.officer,
            "opened_s": session.opened_s,
            "expires_s": session.expires_s,
        }
        put(self._connection, officer_sessions, row)

    def close_session(self, digest: bytes) -> None:
        self._connection.execute(delete(officer_sessions).where(officer_sessions.c.digest == digest))

    def close_sessions_before(self, now_s: int) -> None:
        self._connection.execute(delete(officer_sessions).where(officer_sessions.c.expires_s <= now_s))


def _officer(row: "Row[tuple[object, ...]]") -> Officer:
    return Officer(
        name=row.name,
        roles=frozenset(Role(role) for role in from_column(row.roles)),
        jurisdictions=from_column(row.jurisdictions),
        state=OfficerState(row.state),
        password_hash=row.password_hash,
        totp_sealed=bytes(row.totp_sealed),
        last_step=row.last_step,
        failures=row.failures,
        locked_until_s=row.locked_until_s,
        enrolment=bytes(row.enrolment),
        enrolment_until_s=row.enrolment_until_s,
    )
