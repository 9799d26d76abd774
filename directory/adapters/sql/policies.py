"""Revisions of policies and their approvals in SQL."""

from collections.abc import Collection

from sqlalchemy import Connection, Row, func, insert, select

from directory.adapters.sql.rows import from_column, put, to_column
from directory.adapters.sql.tables import approvals, revisions
from directory.domain.policies import Approval, Revision, RevisionState


class SqlPolicies:
    """`directory.ports.PolicyWriter` over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, number: int) -> Revision | None:
        row = self._connection.execute(select(revisions).where(revisions.c.number == number)).first()
        return None if row is None else _revision(row)

    def page(self, before: int, limit: int) -> list[Revision]:
        newest = select(revisions).order_by(revisions.c.number.desc()).limit(limit)
        if before:
            newest = newest.where(revisions.c.number < before)
        return [_revision(row) for row in self._connection.execute(newest)]

    def of_document(self, document: str) -> list[Revision]:
        found = select(revisions).where(revisions.c.document == document).order_by(revisions.c.number)
        return [_revision(row) for row in self._connection.execute(found)]

    def in_states(self, states: Collection[RevisionState]) -> list[Revision]:
        named = [state.value for state in states]
        found = select(revisions).where(revisions.c.state.in_(named)).order_by(revisions.c.number)
        return [_revision(row) for row in self._connection.execute(found)]

    def approvals_of(self, number: int) -> list[Approval]:
        found = select(approvals).where(approvals.c.revision == number)
        rows = self._connection.execute(found.order_by(approvals.c.approved_s, approvals.c.officer))
        return [
            Approval(row.revision, row.officer, from_column(row.roles), row.hash, row.approved_s)
            for row in rows
        ]

    def next_number(self) -> int:
        return int(self._connection.execute(select(func.max(revisions.c.number))).scalar() or 0) + 1

    def put(self, revision: Revision) -> None:
        row = {
            "number": revision.number,
            "document": revision.document,
            "version": revision.version,
            "counsel": int(revision.counsel),
            "author": revision.author,
            "hash": revision.hash,
            "canonical": revision.canonical,
            "jurisdictions": to_column(revision.jurisdictions),
            "state": revision.state.value,
            "findings": revision.findings,
            "submitted_s": revision.submitted_s,
            "analysis": revision.analysis,
            "activate_s": revision.activate_s,
            "pilot": to_column(revision.pilot),
            "base_version": revision.base_version,
            "bundle_version": revision.bundle_version,
            "rolls_back": revision.rolls_back,
        }
        put(self._connection, revisions, row)

    def approve(self, approval: Approval) -> None:
        row = {
            "revision": approval.revision,
            "officer": approval.officer,
            "roles": to_column(approval.roles),
            "hash": approval.hash,
            "approved_s": approval.approved_s,
        }
        self._connection.execute(insert(approvals).values(row))


def _revision(row: "Row[tuple[object, ...]]") -> Revision:
    return Revision(
        number=row.number,
        document=row.document,
        version=row.version,
        counsel=bool(row.counsel),
        author=row.author,
        hash=row.hash,
        canonical=bytes(row.canonical),
        jurisdictions=from_column(row.jurisdictions),
        state=RevisionState(row.state),
        findings=bytes(row.findings),
        submitted_s=row.submitted_s,
        analysis=bytes(row.analysis),
        activate_s=row.activate_s,
        pilot=from_column(row.pilot),
        base_version=row.base_version,
        bundle_version=row.bundle_version,
        rolls_back=row.rolls_back,
    )
