"""Files: offered, uploaded by ticket, shared in messages, listed and read by those who may, deleted.

Invariants
    1. A file that a caller may not see is refused exactly as one that does not exist: `file_not_found`.
    2. Bytes are stored once, in the length that was offered; what was stored never changes.
    3. A file's owner sees it; others while it is shared in a conversation that they may read.
    4. Of a deleted file nothing is read any more; its bytes go as soon as `purge` comes round, also after a
       crash.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accord.errors import (
    ColinkError,
    ConflictError,
    InvalidError,
    NotFoundError,
    TokenInvalidError,
    WrongStateError,
)
from regional_cell.domain.access import require_known_user, require_readable, visible
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Row
from regional_cell.domain.commands import files as commands
from regional_cell.domain.file_types import PREVIEW_BYTES, is_text, mimetype_of, preview_of
from regional_cell.domain.objects.files import file_object, tombstone
from regional_cell.domain.parties import barred_channels, is_barred
from regional_cell.domain.state import State
from regional_cell.domain.views.files import DELETED, OFFERED, STORED
from regional_cell.ports.commits import Commits
from regional_cell.ports.files import FileStore
from regional_cell.ports.identity import TokenMint
from regional_cell.ports.views import FilesWanted, Views

Object = dict[str, Any]
UPLOAD_LIFE_S = 600
NAME_CHARACTERS_MAX = 255
TEXT_CHARACTERS_MAX = 1_000
FILES_MAX = 10
CONTENT_BYTES_MAX = 200_000
PURGED_AT_ONCE = 100
PURPOSE = "upload"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is to be uploaded."""

    name: str
    length: int
    title: str = ""
    alt_text: str = ""
    snippet_type: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that the caller may read: how to show it and where its bytes are."""

    resident: str
    name: str
    mimetype: str
    size_bytes: int
    sha256: bytes
    object_key: str


class Files:
    """Files of the residents of this cell.

    Args:
        mint: makes and proves tickets.
        draw_id: draws a fresh id of a prefix.
        bytes_max: of one file.
    """

    def __init__(
        self,
        commits: Commits,
        views: Views,
        store: FileStore,
        mint: TokenMint,
        draw_id: Callable[[str], str],
        bytes_max: int,
    ) -> None:
        self._commits, self._views, self._store, self._mint = commits, views, store, mint
        self._draw_id, self._bytes_max = draw_id, bytes_max
        self._storing: set[tuple[str, str]] = set()

    # --- going up --------------------------------------------------------------------------------

    async def offer(self, caller: Caller, offer: Offer, edge_url: str, epoch: int | None) -> tuple[str, str]:
        """(upload address, file id), good for ten minutes. Raises InvalidError, UserInactiveError."""
        name = offer.name.strip()
        if not name or len(name) > NAME_CHARACTERS_MAX:
            raise InvalidError(api="missing_argument", field="filename", why="length")
        if offer.length < 0:
            raise InvalidError(field="length", why="negative")
        if offer.length > self._bytes_max:
            raise InvalidError(api="file_upload_size_restricted", field="length", why="too_large")
        file = self._draw_id("F")
        payload = {
            "file": file,
            "user": caller.user,
            "name": name,
            "length": offer.length,
            "title": offer.title[:TEXT_CHARACTERS_MAX],
            "alt_text": offer.alt_text[:TEXT_CHARACTERS_MAX],
            "snippet_type": offer.snippet_type[:40],
        }
        decide = commands.offer(payload)
        await self._commits.commit(caller.resident, decide, principal=caller.user, epoch=epoch)
        ticket = self._mint.ticket(PURPOSE, caller.resident, UPLOAD_LIFE_S, f=file, n=offer.length)
        return f"{edge_url}/upload/{caller.resident}/{ticket}", file

    async def store(self, resident: str, ticket: str, chunks: AsyncIterator[bytes]) -> int:
        """Take the bytes of an upload; their number.

        Raises: TokenInvalidError, TokenExpiredError, NotFoundError, ConflictError (they came before),
            InvalidError (another length), StorageFullError.
        """
        claims = self._mint.prove_ticket(ticket, PURPOSE)
        file = claims.get("f")
        if claims.get("r") != resident or not isinstance(file, str):
            raise TokenInvalidError(why="made for another workspace")
        await self._commits.state(resident)
        row = await self._views.row(resident, "files", (file,))
        if row is None:
            raise NotFoundError(thing="file")
        key = (resident, file)
        if row["state"] != OFFERED or key in self._storing:
            raise ConflictError(what="file")
        self._storing.add(key)
        try:
            return await self._take(resident, file, row, chunks)
        finally:
            self._storing.discard(key)

    async def _take(self, resident: str, file: str, row: Row, chunks: AsyncIterator[bytes]) -> int:
        length = row["content"]["length"]
        mimetype = mimetype_of(row["content"]["name"])
        look = _Look(is_text(mimetype))
        object_key, digest = await self._store.write(resident, file, look.through(chunks), length)
        payload = {
            "file": file,
            "sha256": digest.hex(),
            "bytes": length,
            "mimetype": mimetype,
            "object_key": object_key,
            "preview": preview_of(bytes(look.head)),
            "lines": look.lines,
        }
        await self._commits.commit(resident, commands.store(payload), principal=row["user"])
        return int(length)

    # --- sharing ---------------------------------------------------------------------------------

    async def complete(
        self, caller: Caller, titles: Sequence[tuple[str, str]], channels: Sequence[str], epoch: int | None
    ) -> None:
        """End the uploads of the caller's files, with (file, title) each; then they may be shared in
        `channels`.

        Raises: InvalidError (none, or too many), NotFoundError `file_not_found`.
        """
        if not 1 <= len(titles) <= FILES_MAX or len({file for file, _ in titles}) != len(titles):
            raise InvalidError(field="files", why="count")
        rows = await self._views.many(caller.resident, "files", [(file,) for file, _ in titles])
        named = []
        for file, title in titles:
            row = rows.get((file,))
            if row is None or row["user"] != caller.user or row["state"] != STORED:
                raise NotFoundError(thing="file")
            content = row["content"]
            named.append((file, title[:TEXT_CHARACTERS_MAX] or content["title"] or content["name"]))
        decide = commands.complete(caller.user, named, channels)
        try:
            await self._commits.commit(caller.resident, decide, principal=caller.user, epoch=epoch)
        except ConflictError:
            raise NotFoundError(thing="file") from None

    # --- showing ---------------------------------------------------------------------------------

    async def info(self, caller: Caller, file: str, edge_url: str) -> tuple[Object, str | None, bool]:
        """The file; of a text what it says, None of others; whether that was cut.

        Raises: NotFoundError `file_not_found`, WrongStateError `file_deleted`.
        """
        state = await self._commits.state(caller.resident)
        row, _ = await self._seen(state, caller, file)
        card = (await self.cards(state, [file], edge_url, caller)).get(file)
        if card is None:
            raise NotFoundError(thing="file")
        if not is_text(row["content"]["mimetype"]):
            return card, None, False
        data = bytearray()
        async for chunk in self._store.read(caller.resident, row["object_key"], 0, CONTENT_BYTES_MAX):
            data += chunk
        return card, data.decode("utf-8", "replace"), row["bytes"] > CONTENT_BYTES_MAX

    async def page(
        self, caller: Caller, wanted: FilesWanted, limit: int, offset: int, edge_url: str
    ) -> tuple[int, list[Object]]:
        """How many files there are in all, and a page of them, newest first.

        Raises: NotFoundError `channel_not_found` `user_not_found`, ForbiddenError `not_in_channel` (bots).
        """
        state = await self._commits.state(caller.resident)
        if wanted.channel:
            require_readable(state, caller, wanted.channel)
        if wanted.user:
            require_known_user(state, caller, wanted.user)
        total, files = await self._views.files(caller.resident, wanted, limit, offset)
        if barred := barred_channels(state, caller.user):
            files = await self._shown(state, caller, files, barred)
        cards = await self.cards(state, files, edge_url, caller)
        return total, [cards[file] for file in files if file in cards]

    async def _shown(self, state: State, caller: Caller, files: Sequence[str], barred: set[str]) -> list[str]:
        """Those that the caller uploaded, or that are shared anywhere else than in barred channels."""
        rows = await self._views.many(state.resident, "files", [(file,) for file in files])
        shares = await self._views.shares(state.resident, list(files))
        return [
            file
            for file in files
            if (row := rows.get((file,))) is not None
            and (
                row["user"] == caller.user
                or any(
                    channel not in barred and _may_read(state, caller, channel)
                    for channel, _, _ in shares.get(file, [])
                )
            )
        ]

    async def delete(self, caller: Caller, file: str, epoch: int | None) -> None:
        """Raises: NotFoundError `file_not_found`, WrongStateError `file_deleted`, ForbiddenError
        `cant_delete_file`.
        """
        state = await self._commits.state(caller.resident)
        row, channels = await self._seen(state, caller, file)
        decide = commands.delete(caller, file, row["user"], channels)
        try:
            await self._commits.commit(caller.resident, decide, principal=caller.user, epoch=epoch)
        except ConflictError:
            raise _deleted() from None

    async def purge(self, now_s: int) -> int:
        """Remove the bytes of files that were deleted; gives of how many. Called every few seconds.

        A resident that fails holds up no other, and is tried again when this is called again; the last error
        is raised at the end.
        """
        purged, failure = 0, None
        failed: set[str] = set()
        while due := await self._views.due("files", now_s, PURGED_AT_ONCE, sorted(failed)):
            for resident, (file,) in due:
                try:
                    await self._purge(resident, file)
                    purged += 1
                except ColinkError as error:
                    failed.add(resident)
                    failure = error
        if failure is not None:
            raise failure
        return purged

    async def _purge(self, resident: str, file: str) -> None:
        row = await self._views.row(resident, "files", (file,))
        if row is not None and row["object_key"]:
            await self._store.purge(resident, row["object_key"])
        await self._commits.commit(resident, commands.purged(file), principal="")

    async def _seen(self, state: State, caller: Caller, file: str) -> tuple[Row, list[str]]:
        """The row of a file that the caller may know of, and where it is shared. Raises as `delete`."""
        row = await self._views.row(caller.resident, "files", (file,))
        if row is None or row["state"] == OFFERED:
            raise NotFoundError(thing="file")
        shares = (await self._views.shares(caller.resident, [file])).get(file, [])
        channels = list(dict.fromkeys(channel for channel, _, _ in shares))
        if row["user"] != caller.user and not any(_may_read(state, caller, each) for each in channels):
            raise NotFoundError(thing="file")
        if row["state"] == DELETED:
            raise _deleted()
        return row, channels

    async def cards(
        self, state: State, files: Sequence[str], edge_url: str, caller: Caller
    ) -> dict[str, Object]:
        """File id to object, with the shares that the caller may know of; for those that exist and were
        stored. Of a deleted one that it was.

        Whoever asks has proven that the caller may see these files.
        """
        rows = await self._views.many(state.resident, "files", [(file,) for file in files])
        shares = await self._views.shares(state.resident, list(files))
        return {
            key[0]: file_object(
                state,
                key[0],
                row,
                [share for share in shares.get(key[0], []) if visible(state, caller, share[0])],
                edge_url,
            )
            if row["state"] == STORED
            else tombstone(key[0])
            for key, row in rows.items()
            if row["state"] != OFFERED
        }

    async def require_readable(self, caller: Caller, file: str) -> Stored:
        """The file's place, if the caller may read it. NotFoundError otherwise."""
        state = await self._commits.state(caller.resident)
        row = await self._views.row(caller.resident, "files", (file,))
        if row is None or row["state"] != STORED:
            raise NotFoundError(thing="file")
        if row["user"] != caller.user:
            shares = await self._views.shares(caller.resident, [file])
            if not any(_may_read(state, caller, channel) for channel, _, _ in shares.get(file, [])):
                raise NotFoundError(thing="file")
        content = row["content"]
        return Stored(
            caller.resident,
            content["name"],
            content["mimetype"],
            row["bytes"],
            row["sha256"],
            row["object_key"],
        )

    def read(self, stored: Stored, offset: int, length: int | None) -> AsyncIterator[bytes]:
        """Bytes of a file that was proven readable, in chunks of at most 256 KiB."""
        return self._store.read(stored.resident, stored.object_key, offset, length)


class _Look:
    """Looks at bytes on their way: the first ones and, of texts, the number of lines."""

    def __init__(self, text: bool) -> None:
        self.head = bytearray()
        self._text, self._ends, self._last = text, 0, b"\n"

    async def through(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            if self._text and chunk:
                self.head += chunk[: max(0, PREVIEW_BYTES - len(self.head))]
                self._ends += chunk.count(b"\n")
                self._last = chunk[-1:]
            yield chunk

    @property
    def lines(self) -> int:
        return self._ends + (self._last != b"\n")


def _deleted() -> WrongStateError:
    return WrongStateError(api="file_deleted", state="deleted")


def _may_read(state: State, caller: Caller, channel: str) -> bool:
    if caller.is_bot:
        return state.is_member(channel, caller.user)
    row = visible(state, caller, channel)
    return row is not None and not is_barred(state, caller.user, row)
