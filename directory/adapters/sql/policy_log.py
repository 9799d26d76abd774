"""The policy log in SQL: entries and the tree's complete nodes."""

import json

from sqlalchemy import Connection, func, insert, select

from accord.encoding import canonical_json
from accord.errors import InternalError
from directory.adapters.sql.tables import policy_log, policy_log_nodes
from directory.domain.policy_log import LogEntry


class SqlPolicyLog:
    """`directory.domain.policy_log.LogWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def size(self) -> int:
        newest = self._connection.execute(select(func.max(policy_log.c.seq))).scalar()
        return 0 if newest is None else int(newest) + 1

    def hash_at(self, level: int, index: int) -> bytes:
        nodes = policy_log_nodes.c
        found = select(nodes.hash).where(nodes.level == level, nodes.place == index)
        row = self._connection.execute(found).first()
        if row is None:
            raise InternalError(table="policy_log_nodes")
        return bytes(row.hash)

    def page(self, after: int, limit: int) -> list[LogEntry]:
        found = select(policy_log).where(policy_log.c.seq >= after).order_by(policy_log.c.seq).limit(limit)
        return [
            LogEntry(row.seq, json.loads(row.open), json.loads(row.sealed), bytes(row.salt), row.note)
            for row in self._connection.execute(found)
        ]

    def append(self, entry: LogEntry, nodes: list[tuple[int, int, bytes]]) -> None:
        row = {
            "seq": entry.seq,
            "open": canonical_json(entry.open),
            "sealed": canonical_json(entry.sealed),
            "salt": entry.salt,
            "note": entry.note,
        }
        self._connection.execute(insert(policy_log).values(row))
        rows = [{"level": level, "place": index, "hash": node} for level, index, node in nodes]
        self._connection.execute(insert(policy_log_nodes), rows)
