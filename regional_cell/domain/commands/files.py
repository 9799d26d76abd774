"""Files: offering one, storing its bytes, completing it, deleting it.

What a decision needs of a file's row was read before; `Require` makes sure that it still holds when it is
written.
"""

from collections.abc import Sequence

from accord.errors import ForbiddenError, UserInactiveError
from regional_cell.domain.callers import Caller
from regional_cell.domain.changes import Require
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Draft, Payload
from regional_cell.domain.roles import ADMINS
from regional_cell.domain.state import State
from regional_cell.domain.views.files import DELETED, OFFERED, STORED


def offer(payload: Payload) -> Decide:
    """A file to be uploaded: {file, user, name, length, title, alt_text, snippet_type}. UserInactiveError."""

    def decide(state: State, first_us: int) -> Decided:
        user = state.row("users", payload["user"])
        if user is None or user["deleted"]:
            raise UserInactiveError()
        return Decided(
            (Draft("FileOffered", payload),), (Require("files", (payload["file"],), exists=False),)
        )

    return decide


def store(payload: Payload) -> Decide:
    """Its bytes have come: {file, sha256, bytes, mimetype, object_key, preview, lines}. Once only."""

    def decide(state: State, first_us: int) -> Decided:
        require = Require("files", (payload["file"],), columns={"state": OFFERED})
        return Decided((Draft("FileStored", payload),), (require,))

    return decide


def complete(user: str, titles: Sequence[tuple[str, str]], channels: Sequence[str]) -> Decide:
    """(file, title) of the user's stored files, told to the user and to where they will be shared."""

    def decide(state: State, first_us: int) -> Decided:
        drafts = [
            Draft("FileShared", {"file": file, "user": user, "title": title}, (user, *channels))
            for file, title in titles
        ]
        requires = [Require("files", (file,), columns={"state": STORED, "user": user}) for file, _ in titles]
        return Decided(tuple(drafts), tuple(requires))

    return decide


def delete(caller: Caller, file: str, owner: str, channels: Sequence[str]) -> Decide:
    """The owner and admins may; told to the owner and in `channels`, where it is shared. ForbiddenError
    `cant_delete_file`.
    """

    def decide(state: State, first_us: int) -> Decided:
        if caller.user != owner and caller.role not in ADMINS:
            raise ForbiddenError(api="cant_delete_file")
        payload = {"file": file, "user": owner, "by": caller.user, "channels": list(channels)}
        require = Require("files", (file,), columns={"state": STORED})
        return Decided((Draft("FileDeleted", payload, (owner, *channels)),), (require,))

    return decide


def purged(file: str) -> Decide:
    """The bytes of a deleted file are gone."""

    def decide(state: State, first_us: int) -> Decided:
        require = Require("files", (file,), columns={"state": DELETED})
        return Decided((Draft("FilePurged", {"file": file}),), (require,))

    return decide
