"""Readers of what a cell sealed itself, at rest or handed out, and of its key files."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from accord.encoding import b64url
from accord.errors import KeyUnavailableError
from accord.identity import mint, read_token
from accord.runtime.key_files import format_keys, parse_keys
from regional_cell.adapters.directory.lookup import read_lookup_keys
from regional_cell.adapters.local.files import _Draft, _Stored
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.resume import ResumeSealer
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.domain import (
    cursors,
    resume,
)
from regional_cell.domain.errors import IntegrityError
from regional_cell.domain.events import Event
from regional_cell.domain.state import State
from tests.fuzz.federation import KEY, NOW_S, REFUSED_TOKENS, RING, TOKEN
from tests.fuzz.federation import text as any_text
from tests.support.fuzzing import Target

RESIDENT = "T00000000000A"
KEYS = CellKeys(b"c" * 32)
SEALER = LocalSealer(KEYS)
EVENT = Event(RESIDENT, 7, 1, "MessagePosted", 1, 7_000_000, "U00000000000A", {"text": "x"}, (("C1", 3),))
KEY_ID, WRAPPED = SEALER.new_key(RESIDENT)
SEALED = SEALER.seal_event(EVENT)
CURSORS = cursors.CursorKey(b"k" * 16)
RESUMES = ResumeSealer(b"c" * 32)
CLAIMS = resume.claims(RESIDENT, "U00000000000A", "tok", 1, 7, 1_800_000_000)
LOOKUP = [
    {"attribute": name, "jurisdiction": "DE", "key_id": "1", "key": b64url(b"k" * 32)}
    for name in ("email", "slug")
]


def resumed(data: bytes) -> object:
    """A resume token whose payload is anything: what another version of this cell may have sealed."""
    opened = RESUMES.open(RESUMES.seal(data))
    assert opened == data
    state = State(RESIDENT, 1, head=9)
    return resume.sequence_of(opened, "U00000000000A", "tok", state, 1_800_000_000, 100)


def cursed(data: bytes) -> object:
    """A cursor of another list, or of nobody."""
    return CURSORS.read(any_text(data), "conversations.list", "U1")


def opened(data: bytes) -> object:
    """A sealed event as it stands in the log."""
    return SEALER.open_event(msgspec.structs.replace(SEALED, sealed=data))


def stored(data: bytes) -> object:
    """A file as it stands on disk."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(data)
        file = _Stored(SEALER, RESIDENT, "x", path)
        try:
            return file.chunk(0)
        finally:
            file.close()


def at_rest(data: bytes) -> bytes:
    """A file as a cell writes it."""
    with TemporaryDirectory() as folder:
        draft = _Draft(SEALER, RESIDENT, "x", Path(folder) / "y" / "x", os.urandom)
        draft.add(data)
        draft.finish()
        return (Path(folder) / "y" / "x").read_bytes()


def looked_up(data: bytes) -> object:
    """The file of keys of blind indexes: faults are listed."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "keys").write_bytes(data)
        faults: list[str] = []
        return read_lookup_keys(Path(folder) / "keys", "DE", faults), faults


TARGETS: dict[str, Target] = {
    "tokens whose signature is not asked for": Target(
        ("accord.identity.read_token",),
        [mint(KEY, "xoxp-", TOKEN).encode()],
        lambda data: read_token(any_text(data), RING, NOW_S),
        REFUSED_TOKENS,
    ),
    "files of keys": Target(
        ("accord.runtime.key_files.parse_keys",),
        [format_keys([b"1" * 32, b"2" * 32])],
        parse_keys,
        (ValueError,),
    ),
    "resume tokens": Target(
        ("regional_cell.adapters.local.resume.ResumeSealer.open",),
        [RESUMES.seal(CLAIMS).encode()],
        lambda data: RESUMES.open(any_text(data)),
        (),
    ),
    "resume tokens, sealed again": Target(
        ("regional_cell.domain.resume.sequence_of",), [CLAIMS], resumed, ()
    ),
    "cursors": Target(
        ("regional_cell.domain.cursors.CursorKey.read",),
        [CURSORS.make(["a", 1], "conversations.list", "U1").encode()],
        cursed,
    ),
    "sealed events": Target(
        ("regional_cell.adapters.local.sealer.LocalSealer.open_event",),
        [SEALED.sealed or b""],
        opened,
        (IntegrityError, KeyUnavailableError),
    ),
    "sealed content": Target(
        ("regional_cell.adapters.local.sealer.LocalSealer.open_content",),
        [SEALER.seal_content(RESIDENT, "users", ("U1",), {"name": "a"})],
        lambda data: SEALER.open_content(RESIDENT, "users", ("U1",), data),
        (IntegrityError, KeyUnavailableError),
    ),
    "files at rest": Target(
        ("regional_cell.adapters.local.files._Stored.chunk",),
        [at_rest(b"hello"), at_rest(b"")],
        stored,
        (IntegrityError, KeyUnavailableError),
    ),
    "wrapped keys": Target(
        ("regional_cell.adapters.local.keys.CellKeys.unwrap",),
        [WRAPPED],
        lambda data: KEYS.unwrap(RESIDENT, KEY_ID, data),
        (IntegrityError,),
    ),
    "lookup keys": Target(
        ("regional_cell.adapters.directory.lookup.read_lookup_keys",),
        [json.dumps(LOOKUP).encode()],
        looked_up,
        (),
    ),
}
