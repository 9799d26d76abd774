"""The policy log over HTTP: entries whose leaves can be made again, checkpoints, proofs of consistency."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from accord.encoding import b64url
from directory.domain.officers import Officer
from directory.domain.policy_log import PAGE_MAX, LogEntry, WithheldEntry
from directory.entrypoints.http.officers import WhoAmI
from directory.services.policy_log import PolicyLogService


class EntryShown(BaseModel):
    """A leaf: SHA-256(open) + SHA-256(salt + sealed), both as canonical JSON; `salt` as base64url."""

    seq: int
    open: dict[str, Any]
    sealed: dict[str, Any]
    salt: str


class WithheldShown(BaseModel):
    """An entry that is another jurisdiction's: the hash of its leaf alone, as base64url."""

    seq: int
    leaf: str


class LogShown(BaseModel):
    """`size` and `checkpoint` are of the whole log; `cursor` is empty after the last entry."""

    entries: list[EntryShown | WithheldShown]
    size: int
    checkpoint: str
    cursor: str


class ProofShown(BaseModel):
    """Hashes as base64url (RFC 6962, 2.1.2)."""

    old: int
    new: int
    hashes: list[str]


def policy_log_routes(log: PolicyLogService, me: WhoAmI) -> APIRouter:
    """Entries and proofs."""
    routes = APIRouter(prefix="/directory/v1/policy-log", tags=["policy log"])

    @routes.get("")
    async def read_log(
        officer: Annotated[Officer, Depends(me)],
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
        cursor: Annotated[str, Query(pattern=r"^[0-9]{0,15}$")] = "",
    ) -> LogShown:
        """Entries, oldest first."""
        page = await log.page(officer, int(cursor or 0), limit)
        entries = [_shown(it) for it in page.entries]
        ends = entries[-1].seq + 1 if entries else page.size
        return LogShown(
            entries=entries,
            size=page.size,
            checkpoint=page.checkpoint,
            cursor=str(ends) if ends < page.size else "",
        )

    @routes.get("/consistency")
    async def read_consistency(
        officer: Annotated[Officer, Depends(me)],
        old: Annotated[int, Query(ge=0)],
        new: Annotated[int, Query(ge=0)],
    ) -> ProofShown:
        """That an older checkpoint is the beginning of a newer one."""
        hashes = await log.consistency(officer, old, new)
        return ProofShown(old=old, new=new, hashes=[b64url(it) for it in hashes])

    return routes


def _shown(entry: LogEntry | WithheldEntry) -> EntryShown | WithheldShown:
    if isinstance(entry, WithheldEntry):
        return WithheldShown(seq=entry.seq, leaf=b64url(entry.leaf))
    return entry_shown(entry)


def entry_shown(entry: LogEntry) -> EntryShown:
    """An entry with all that its leaf is made of."""
    return EntryShown(seq=entry.seq, open=entry.open, sealed=entry.sealed, salt=b64url(entry.salt))
