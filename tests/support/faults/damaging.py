"""Damage to files at rest, and everything that a cell would answer from them.

kept = answers(settings)
damage(path, "bit", random.Random(7))
answers(settings)            # ERROR, or another digest, where an answer changed
"""

import asyncio
import hashlib
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from accord.clock import SystemClock
from accord.runtime.metrics import Metrics
from regional_cell.bootstrap.stores import Stores
from regional_cell.domain.views.registry import VIEWS
from regional_cell.ports.search import IndexQuery
from regional_cell.settings import CellSettings

PAGE = 4_096
KINDS = ("bit", "lost end", "empty page", "swapped pages")
ERROR = "error"
EVENTS_MAX = 100_000


def damage(path: Path, kind: str, dice: random.Random) -> str:
    """Do it, at a place that the dice choose. Returns what was done."""
    data = bytearray(path.read_bytes())
    place = dice.randrange(len(data))
    page, other = place // PAGE * PAGE, dice.randrange(len(data)) // PAGE * PAGE
    match kind:
        case "bit":
            data[place] ^= 1 << dice.randrange(8)
        case "lost end":
            place -= place % PAGE if len(data) > 2 * PAGE and dice.random() < 0.5 else 0
            del data[place:]
        case "empty page":
            data[page : page + PAGE] = bytes(len(data[page : page + PAGE]))
        case "swapped pages":
            first, second = data[page : page + PAGE], data[other : other + PAGE]
            length = min(len(first), len(second))
            data[page : page + length], data[other : other + length] = second[:length], first[:length]
    path.write_bytes(data)
    return f"{kind} at {place} of {path.name}"


def answers(settings: CellSettings) -> dict[str, str]:
    """A digest of each answer that the files of a stopped cell give, or ERROR."""
    return asyncio.run(_answers(settings))


async def _answers(settings: CellSettings) -> dict[str, str]:
    found: dict[str, str] = {}

    async def ask(name: str, question: Callable[[], Awaitable[object]]) -> object:
        try:
            answer = await question()
        except Exception:
            found[name], answer = ERROR, None
        else:
            found[name] = hashlib.sha256(repr(answer).encode()).hexdigest()
        return answer

    try:
        stores = Stores(settings, SystemClock(), Metrics(), 0)
    except Exception:
        return {"stores": ERROR}
    records = await ask("residents", lambda: _read_residents(stores))
    for record in records if isinstance(records, list) else ():
        resident = record.resident
        await ask(f"{resident} log", lambda: _read_log(stores, resident))  # noqa: B023
        for view in VIEWS.values():
            if resident[0] in view.logs:
                await ask(f"{resident} {view.name}", lambda: stores.views.rows(resident, view.name))  # noqa: B023
        if resident[0] == "T":
            await ask(f"{resident} files", lambda: _read_files(stores, resident))  # noqa: B023
            await ask(f"{resident} search", lambda: _search(stores, resident))  # noqa: B023
    stores.files.close()
    stores.database.close()
    for path in sorted((settings.node.data_dir / "ledger" / "book").iterdir()):
        found[f"book {path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


async def _read_residents(stores: Stores) -> list[object]:
    return list(await stores.log.residents())


async def _read_log(stores: Stores, resident: str) -> list[object]:
    entries = await stores.log.read(resident, 0, EVENTS_MAX)
    return [msgspec.structs.astuple(stores.sealer.open_event(entry)) for entry in entries]


async def _read_files(stores: Stores, resident: str) -> list[tuple[str, bytes]]:
    found = []
    for (file,), row in await stores.views.rows(resident, "files"):
        if row["object_key"]:
            pieces = [piece async for piece in stores.files.read(resident, row["object_key"], 0, None)]
            found.append((file, b"".join(pieces)))
    return found


async def _search(stores: Stores, resident: str) -> list[object]:
    channels = tuple(sorted(key[0] for key, _ in await stores.views.rows(resident, "channels")))
    await stores.index.open()
    try:
        if await stores.index.position(resident) == 0:
            raise LookupError("made anew: fed from the log again")
        return list(await stores.index.search(resident, IndexQuery((), channels)))
    finally:
        await stores.index.close()


def writable(folder: Path) -> list[Path]:
    """Files in a folder that can be damaged: those with bytes in them."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and os.path.getsize(path))
