"""Exchanging the key that a cell signs tokens with, so that nobody notices.

    1. another key behind the old one in the file; every process of the cell has it
    2. the directory tells everybody of it; every cell and edge has acknowledged that
    3. it stands first in the file; every process of the cell signs with it
    4. the old one proves what it signed, and signs no more

Whoever is interrupted runs it again: it goes on where it stands.
"""

import secrets
import time

from accord.signing import SigningKey
from accord.wire.cell.v1 import operations_pb2 as cell_pb
from accord.wire.directory.v1 import directory_pb2 as pb
from deploy.keys.desk import Desk, KeysError

FILE = "keys__signing_seed"
STATES = {
    "active": pb.KEY_STATE_ACTIVE,
    "verify_only": pb.KEY_STATE_VERIFY_ONLY,
    "withdrawn": pb.KEY_STATE_WITHDRAWN,
}
# Clocks of a federation differ by less.
EARLIER_S = 60


async def rotate(desk: Desk, without: list[str]) -> None:
    """Sign with another key. `without`: cells and edges that are not waited for. Raises KeysError,
    ColinkError.
    """
    held = {SigningKey.from_seed(seed).key_id: seed for seed in desk.files.read(FILE)}
    known = {key.key_id: key for key in (await desk.status())[0].signing}
    before = next(iter(held))
    if before not in known or known[before].state != "active":
        raise KeysError(f"the first key of the file, {before}, is not one that the directory lets sign")
    older, younger = [], []
    for key_id in list(held)[1:]:
        key = known.get(key_id)
        if key is None or (key.state == "active" and key.not_before_s > known[before].not_before_s):
            younger.append(key_id)
        elif key.state == "active":
            older.append(key_id)
    if older:
        desk.say(step="goes_on", key_id=before)
        await _finish(desk, before, older, known)
        return
    fresh = SigningKey.from_seed(held[younger[0]] if younger else secrets.token_bytes(32))
    if not younger:
        desk.files.write(FILE, [*held.values(), fresh.seed()])
    desk.say(step="written", key_id=fresh.key_id)
    await desk.until_processes("the new key is known to the cell", lambda one: _held(one, fresh.key_id))
    if fresh.key_id not in known or not known[fresh.key_id].state:
        old = known[before]
        await desk.admit(
            pb.Key(
                cell=desk.cell, purposes=old.purposes, key_id=fresh.key_id, public_key=fresh.public,
                not_before_s=int(time.time()) - EARLIER_S, not_after_s=old.not_after_s,
                state=pb.KEY_STATE_ACTIVE,
            )
        )  # fmt: skip
    await desk.until_everybody("the new key is known to every cell and edge", without)
    desk.say(step="spread", key_id=fresh.key_id)
    rest = [seed for key_id, seed in held.items() if key_id != fresh.key_id]
    desk.files.write(FILE, [fresh.seed(), *rest])
    await _finish(desk, fresh.key_id, [before], known)


async def withdraw(desk: Desk, key_id: str) -> None:
    """Let nothing be proven with a key any more, and forget its seed. Raises KeysError, ColinkError."""
    seeds = {SigningKey.from_seed(seed).key_id: seed for seed in desk.files.read(FILE)}
    for one in await desk.status():
        if any(key.key_id == key_id and key.signs for key in one.signing):
            raise KeysError(f"{key_id} is in use; rotate first")
    known = {key.key_id: key for key in (await desk.status())[0].signing}
    if key_id in known and known[key_id].state:
        await desk.admit(_state(desk.cell, known[key_id], "withdrawn"))
        desk.say(step="withdrawn", key_id=key_id)
        await desk.until_everybody("the withdrawal is known to every cell and edge", [])
    if seeds.pop(key_id, None) is not None:
        desk.files.write(FILE, list(seeds.values()))
        await desk.until_processes("the key is forgotten", lambda one: not _held(one, key_id))
    desk.say(step="done", key_id=key_id)


async def _finish(desk: Desk, fresh: str, older: list[str], known: dict[str, cell_pb.SigningKey]) -> None:
    await desk.until_processes(
        "the new key is in use", lambda one: any(key.key_id == fresh and key.signs for key in one.signing)
    )
    desk.say(step="signs", key_id=fresh)
    for key_id in older:
        await desk.admit(_state(desk.cell, known[key_id], "verify_only"))
    desk.say(step="done", key_id=fresh, before=older)


def _held(one: cell_pb.KeysResponse, key_id: str) -> bool:
    return any(key.key_id == key_id and key.held for key in one.signing)


def _state(cell: str, key: cell_pb.SigningKey, state: str) -> pb.Key:
    return pb.Key(
        cell=cell, purposes=key.purposes, key_id=key.key_id, public_key=key.public_key,
        not_before_s=key.not_before_s, not_after_s=key.not_after_s, state=STATES[state],
    )  # fmt: skip
