"""What is kept of rendered messages is what everybody is shown, and nothing that changed since."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.regional_cell.entrypoints.web_api.support_cell import ANN, BOB, CID, GENERAL, TEAM, Cell
from tests.regional_cell.stores import one


@pytest.fixture(params=["memory", "sql"])
async def cell(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Cell]:
    made = await Cell(folder=tmp_path if request.param == "sql" else None).start()
    yield made
    await made.stop()


async def shown(cell: Cell, who: str, **more: object) -> list[dict[str, object]]:
    """The newest first, read twice: the second time from what is kept."""
    first = (await cell.ok(who, "conversations.history", channel=GENERAL, **more))["messages"]
    again = (await cell.ok(who, "conversations.history", channel=GENERAL, **more))["messages"]
    assert again == first
    return list(again)


async def test_everybody_is_shown_the_same_and_every_change(cell: Cell) -> None:
    texts = [await cell.post(BOB, GENERAL, f"message {number}") for number in range(6)]
    before = await shown(cell, ANN)
    assert await shown(cell, CID) == before
    await cell.ok(BOB, "chat.update", channel=GENERAL, ts=texts[0], text="edited")
    await cell.ok(BOB, "chat.delete", channel=GENERAL, ts=texts[1])
    await cell.ok(ANN, "reactions.add", channel=GENERAL, timestamp=texts[2], name="wave")
    await cell.ok(ANN, "chat.postMessage", channel=GENERAL, thread_ts=texts[3], text="a reply")
    after = {str(message["ts"]): message for message in await shown(cell, ANN)}
    assert after[texts[0]]["text"] == "edited"
    assert texts[1] not in after
    assert after[texts[2]]["reactions"] == [{"name": "wave", "count": 1, "users": [ANN]}]
    assert after[texts[3]]["reply_count"] == 1
    assert after[texts[4]] == next(message for message in before if message["ts"] == texts[4])
    await cell.ok(ANN, "reactions.remove", channel=GENERAL, timestamp=texts[2], name="wave")
    assert "reactions" not in next(message for message in await shown(cell, ANN) if message["ts"] == texts[2])


async def test_a_redacted_message_is_not_shown_from_memory(cell: Cell) -> None:
    ts = await cell.post(BOB, GENERAL, "to be redacted")
    assert (await shown(cell, ANN))[0]["ts"] == ts
    head = (await cell.commits.state(TEAM)).head
    await cell.commits.commit(TEAM, one("Redacted", {"sequence": head, "why": "order"}), principal="")
    assert all(message["ts"] != ts for message in await shown(cell, ANN))


async def test_metadata_is_shown_to_whom_asks(cell: Cell) -> None:
    about = {"event_type": "deploy", "event_payload": {"id": 1}}
    await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text="with metadata", metadata=about)
    assert "metadata" not in (await shown(cell, ANN))[0]
    assert (await shown(cell, ANN, include_all_metadata=True))[0]["metadata"] == about
