"""Pages of history: one load for many readers, and never an old page."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from regional_cell.adapters.memory.views import MemoryViews
from regional_cell.domain.state import State
from regional_cell.ports.views import Timeline
from regional_cell.services.messages.pages import PageRead, Pages, PageWanted
from regional_cell.services.messages.reading import Bounds, MessageReader, Viewer
from tests.regional_cell.entrypoints.web_api.support_cell import ANN, BOB, CID, GENERAL, Cell
from tests.regional_cell.stores import C1, C2, T1, Store, Writer, memory_store, open_resident

PLAIN_TURNS = 5
NEWEST = PageWanted(C1, None, None, True, 50)


class GatedViews(MemoryViews):
    """Views whose pages are read when the test says so."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.log)  # type: ignore[arg-type]
        self.gate = asyncio.Event()
        self.gate.set()

    async def timeline(self, resident: str, channel: str, **asked: Any) -> Timeline:
        timeline = await super().timeline(resident, channel, **asked)
        await self.gate.wait()
        return timeline


class Reading:
    """Pages over a store in memory, what was told of them, and the state that readers ask with."""

    def __init__(self, folder: Path, kept_bytes_max: int = 1_000_000) -> None:
        self.store = memory_store(folder)
        self.views, self.told = GatedViews(self.store), Counter[str]()
        self.pages = Pages(
            self.views, lambda resident, sequence: False, lambda how: self.told.update([how]), kept_bytes_max
        )
        self.writer = Writer(self.store)

    async def post(self, text: str = "hello", channel: str = C1) -> None:
        payload = {"channel": channel, "user": "U1", "text": text}
        await self.store.log.append([self.writer.share("MessagePosted", payload, channel)])

    async def get(self, wanted: PageWanted = NEWEST) -> PageRead:
        state = await self.store.views.state(T1)
        assert isinstance(state, State)
        return await self.pages.get(state, wanted)


@pytest.fixture
async def reading(tmp_path: Path) -> Reading:
    made = Reading(tmp_path)
    await open_resident(made.store)
    await made.post()
    return made


async def test_a_thousand_readers_of_a_cold_page_are_one_load(reading: Reading) -> None:
    reading.views.gate.clear()
    readers = [asyncio.ensure_future(reading.get()) for _ in range(1_000)]
    await asyncio.sleep(0.01)
    reading.views.gate.set()
    assert len({id(read) for read in await asyncio.gather(*readers)}) == 1
    assert reading.told == {"loaded": 1, "shared": 999}
    await reading.get()
    assert reading.told["kept"] == 1


async def test_who_gives_up_ends_nobody_elses_load(reading: Reading) -> None:
    reading.views.gate.clear()
    first, second = (asyncio.ensure_future(reading.get()) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    reading.views.gate.set()
    assert len((await second).timeline.rows) == 1


async def test_a_load_that_began_before_a_commit_is_not_for_who_asks_after_it(reading: Reading) -> None:
    reading.views.gate.clear()
    early = asyncio.ensure_future(reading.get())
    await asyncio.sleep(0.01)
    await reading.post("second")
    late = asyncio.ensure_future(reading.get())
    await asyncio.sleep(0.01)
    reading.views.gate.set()
    assert [len(read.timeline.rows) for read in await asyncio.gather(early, late)] == [1, 2]
    assert reading.told == {"loaded": 2}
    assert len((await reading.get()).timeline.rows) == 2


async def test_a_page_is_kept_until_the_log_moves_on(reading: Reading) -> None:
    kept = await reading.get()
    assert await reading.get() is kept
    await reading.post(channel=C2)
    assert await reading.get() is not kept


async def test_a_failed_load_fails_those_who_wait_and_nobody_after(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(resident: str, channel: str, **asked: Any) -> Timeline:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(reading.views, "timeline", broken)
        failed = await asyncio.gather(*(reading.get() for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in failed] == [OSError] * 3
    assert len((await reading.get()).timeline.rows) == 1


async def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    reading = Reading(tmp_path, kept_bytes_max=100_000)
    await open_resident(reading.store)
    for number in range(400):
        await reading.post("x" * 100, f"C{number:012}")
    for number in range(400):
        await reading.get(PageWanted(f"C{number:012}", None, None, True, 50))
    kept = sum(page.size for page in reading.pages._kept.values())
    assert 50_000 < kept == reading.pages._kept_bytes <= 100_000
    wanted = PageWanted(f"C{399:012}", None, None, True, 50)
    newest = await reading.get(wanted)
    assert newest in reading.pages._kept.values()
    state = await reading.store.views.state(T1)
    assert isinstance(state, State)
    reading.pages.keep_shown(state, wanted, newest, [orjson.Fragment(b'"%b"' % (b"x" * 20_000))])
    assert sum(page.size for page in reading.pages._kept.values()) == reading.pages._kept_bytes <= 100_000
    for _ in range(30):
        await reading.post("y" * 1_000)
    large = await reading.get()
    assert large not in reading.pages._kept.values()


async def test_kept_pages_show_what_fresh_ones_show_after_any_change() -> None:
    cell = await Cell().start()
    draw, posted, pieces = random.Random(7), [await cell.post(ANN, GENERAL, "root")], 0
    try:
        for turn in range(60):
            if turn >= PLAIN_TURNS:
                await change(cell, draw, posted)
            else:
                await cell.post(ANN, GENERAL, "plain")
            for who in (ANN, BOB, CID):
                viewer = Viewer(cell.caller(who), metadata=turn % 2 == 0)
                fresh = MessageReader(cell.commits, cell.views, cell.files)
                for reader in (cell.services.reader, cell.services.reader):
                    page, expected = [
                        await one.history(viewer, GENERAL, Bounds(), 20, None) for one in (reader, fresh)
                    ]
                    assert orjson.dumps(page.messages) == orjson.dumps(expected.messages)
                    assert page.json is None or orjson.dumps(page.json) == orjson.dumps(page.messages)
                    pieces += page.json is not None
        assert pieces
    finally:
        await cell.stop()


async def change(cell: Cell, draw: random.Random, posted: list[str]) -> None:
    """One thing that somebody may do to a message of the channel."""
    ts, who = draw.choice(posted), draw.choice((ANN, BOB))
    kind = draw.choice(("post", "post", "reply", "broadcast", "edit", "delete", "react", "unreact"))
    if kind == "post":
        metadata = '{"event_type":"e","event_payload":{}}' if draw.random() < 0.3 else ""
        answer = await cell.call(
            who, "chat.postMessage", channel=GENERAL, text=draw.choice("abc"), metadata=metadata
        )
    elif kind in ("reply", "broadcast"):
        answer = await cell.call(
            who, "chat.postMessage", channel=GENERAL, text="r", thread_ts=ts, reply_broadcast=kind[0] == "b"
        )
    elif kind == "edit":
        answer = await cell.call(who, "chat.update", channel=GENERAL, ts=ts, text=draw.choice("xyz"))
    elif kind == "delete":
        answer = await cell.call(who, "chat.delete", channel=GENERAL, ts=ts)
    else:
        method = "reactions.add" if kind == "react" else "reactions.remove"
        answer = await cell.call(
            who, method, channel=GENERAL, timestamp=ts, name=draw.choice(("eyes", "tada"))
        )
    if kind in ("post", "reply", "broadcast") and answer.get("ok"):
        posted.append(answer["ts"])
