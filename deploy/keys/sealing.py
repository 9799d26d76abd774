"""Exchanging the key that a cell's data keys rest under, and the data keys themselves.

    1. another key behind the old one in the file; every process of the cell has it
    2. it stands first: new data keys rest under it, resume marks too; every process of the cell does so
    3. unless it is left out, every data key is wrapped again

The old key stays in the file, since resume marks of a day rest under it, until it is withdrawn.
"""

import secrets

from accord.wire.cell.v1 import operations_pb2 as pb
from deploy.keys.desk import Desk, KeysError

FILE = "keys__cell_key"


async def rotate(desk: Desk, wrap_again: bool) -> None:
    """Seal under another key. Raises KeysError, ColinkError."""
    held = desk.files.read(FILE)
    (first, *_), fresh = await desk.status(), secrets.token_bytes(32)
    if first.lost:
        raise KeysError(f"data keys of {len(first.lost)} residents open under no key of the cell")
    before = next(key.key_id for key in first.sealing if key.wraps)
    count = len(first.sealing)
    desk.files.write(FILE, [*held, fresh])
    await desk.until_processes("the new key is known to the cell", lambda one: len(one.sealing) == count + 1)
    desk.say(step="spread")
    desk.files.write(FILE, [fresh, *held])
    await desk.until_processes("the new key is in use", lambda one: before not in _wraps(one))
    wraps = _wraps((await desk.status())[0])[0]
    desk.say(step="seals", key_id=wraps)
    if wrap_again:
        await desk.walk(lambda operations: operations.WrapAgain(pb.WrapAgainRequest(context=desk.context())))
    desk.say(step="done", key_id=wraps, before=[before])


async def wrap_again(desk: Desk) -> None:
    """Have every data key rest under the key in use. Raises KeysError, ColinkError."""
    await desk.walk(lambda operations: operations.WrapAgain(pb.WrapAgainRequest(context=desk.context())))
    desk.say(step="done")


async def rotate_data_keys(desk: Desk, residents: list[str]) -> None:
    """Give residents other data keys, all of the cell when none is named. Raises KeysError, ColinkError."""
    request = pb.RotateDataKeysRequest(context=desk.context(), residents=residents)
    last = await desk.walk(lambda operations: operations.RotateDataKeys(request))
    desk.say(step="done", changed=last.changed)


async def withdraw(desk: Desk, key_id: str) -> None:
    """Forget a key that nothing rests under. Raises KeysError, ColinkError."""
    first = (await desk.status())[0]
    ids = [key.key_id for key in first.sealing]
    key = next(key for key in first.sealing if key.key_id == key_id)
    if key.wraps:
        raise KeysError(f"{key_id} is in use; rotate first")
    if key.data_keys:
        raise KeysError(f"{key.data_keys} data keys rest under {key_id}; wrap them again first")
    held = desk.files.read(FILE)
    if len(held) != len(ids):
        raise KeysError("the cell has not taken the file as it is")
    desk.files.write(FILE, [seed for known, seed in zip(ids, held, strict=True) if known != key_id])
    await desk.until_processes(
        "the key is forgotten", lambda one: key_id not in [it.key_id for it in one.sealing]
    )
    desk.say(step="done", key_id=key_id)


def _wraps(one: pb.KeysResponse) -> list[str]:
    return [key.key_id for key in one.sealing if key.wraps]
