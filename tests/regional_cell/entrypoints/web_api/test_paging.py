"""Pages: complete, without overlap, in order, in every direction, also with one item each."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.regional_cell.entrypoints.web_api.support_cell import ANN, BOB, GENERAL, Cell


async def pages(cell: Cell, method: str, member: str, **arguments: Any) -> list[list[dict[str, Any]]]:
    """All pages of a list, following its cursor."""
    found, cursor = [], ""
    for _ in range(200):
        more = {"cursor": cursor} if cursor else {}
        body = await cell.ok(ANN, method, **arguments, **more)
        found.append(body[member])
        cursor = body["response_metadata"]["next_cursor"]
        if "has_more" in body:
            assert body["has_more"] == bool(cursor)
        if not cursor:
            return found
    raise AssertionError("the list does not end")


@settings(max_examples=30, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1_000))
def test_pages_of_any_history_are_its_messages_in_order(data: st.DataObject, seed: int) -> None:
    import asyncio

    asyncio.run(_histories(data, seed))


async def _histories(data: st.DataObject, seed: int) -> None:
    cell = await Cell(seed=seed).start()
    try:
        kinds = data.draw(st.lists(st.sampled_from(["post", "reply", "broadcast", "delete"]), max_size=14))
        model: list[str] = [
            m["ts"] for m in (await cell.ok(ANN, "conversations.history", channel=GENERAL))["messages"]
        ]
        roots: list[str] = []
        for kind in kinds:
            if kind in ("reply", "broadcast") and roots:
                ts = await cell.post(
                    BOB,
                    GENERAL,
                    kind,
                    thread_ts=data.draw(st.sampled_from(roots)),
                    reply_broadcast=kind == "broadcast",
                )
                model += [ts] if kind == "broadcast" else []
            elif kind == "delete" and roots:
                gone = roots.pop(data.draw(st.integers(0, len(roots) - 1)))
                await cell.ok(ANN, "chat.delete", channel=GENERAL, ts=gone)
                model.remove(gone)
            elif kind == "post":
                ts = await cell.post(ANN, GENERAL, kind)
                roots.append(ts)
                model.append(ts)
        model.sort(reverse=True)
        limit = data.draw(st.integers(1, 4))
        ends = [*model, "1000000000.000000", "2000000000.000000"]
        given_ends = data.draw(st.sampled_from([(), ("oldest",), ("latest",), ("oldest", "latest")]))
        bounds = {name: data.draw(st.sampled_from(ends)) for name in given_ends}
        latest, oldest = bounds.get("latest"), bounds.get("oldest")
        inclusive = data.draw(st.booleans())
        wanted = [
            ts for ts in model
            if (latest is None or ts < latest or (inclusive and ts == latest))
            and (oldest is None or ts > oldest or (inclusive and ts == oldest))
        ]  # fmt: skip
        found = await pages(
            cell,
            "conversations.history",
            "messages",
            channel=GENERAL,
            limit=limit,
            inclusive=inclusive,
            **bounds,
        )
        upwards = oldest is not None and latest is None
        ordered = [m["ts"] for page in (reversed(found) if upwards else found) for m in page]
        assert ordered == wanted
        assert all(len(page) == limit for page in found[:-1])
        assert found[-1] or not wanted
    finally:
        await cell.stop()


async def test_threads_page_with_their_root_on_every_page(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    replies = [await cell.post(BOB, GENERAL, f"r{number}", thread_ts=root) for number in range(5)]
    found = await pages(cell, "conversations.replies", "messages", channel=GENERAL, ts=root, limit=1)
    assert [[m["ts"] for m in page] for page in found] == [[root, reply] for reply in replies]
    found = await pages(
        cell, "conversations.replies", "messages", channel=GENERAL, ts=root, limit=2, oldest=replies[1]
    )
    assert [m["ts"] for page in found for m in page[1:]] == replies[2:]


async def test_lists_page_one_by_one(cell: Cell) -> None:
    for number in range(4):
        await cell.ok(ANN, "conversations.create", name=f"c{number}")
    whole = (await cell.ok(ANN, "conversations.list"))["channels"]
    single = await pages(cell, "conversations.list", "channels", limit=1)
    assert [page[0]["id"] for page in single] == [channel["id"] for channel in whole]
    whole = (await cell.ok(ANN, "users.list"))["members"]
    assert whole[0]["id"] == "USLACKBOT"
    single = await pages(cell, "users.list", "members", limit=1)
    assert [page[0]["id"] for page in single] == [user["id"] for user in whole]
    whole = (await cell.ok(ANN, "conversations.members", channel=GENERAL))["members"]
    single = await pages(cell, "conversations.members", "members", channel=GENERAL, limit=1)
    assert [page[0] for page in single] == whole


async def test_a_cursor_serves_its_own_list_and_caller_alone(cell: Cell) -> None:
    for number in range(3):
        await cell.post(ANN, GENERAL, f"m{number}")
    body = await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=1)
    cursor = body["response_metadata"]["next_cursor"]
    for who, method, arguments in (
        (BOB, "conversations.history", {"channel": GENERAL}),
        (ANN, "conversations.history", {"channel": "C00000000000R"}),
        (ANN, "conversations.history", {"channel": GENERAL, "oldest": "1.0"}),
        (ANN, "conversations.list", {}),
        (ANN, "users.list", {}),
        (ANN, "conversations.members", {"channel": GENERAL}),
    ):
        assert await cell.error(who, method, cursor=cursor, **arguments) == "invalid_cursor"
    for broken in (cursor[:-1], cursor + "A", "x", "=", "ü", cursor[:4] + "A" + cursor[5:], "A" * 10_000):
        assert (
            await cell.error(ANN, "conversations.history", channel=GENERAL, cursor=broken) == "invalid_cursor"
        )


async def test_limits_out_of_range_are_refused_or_clamped(cell: Cell) -> None:
    for limit in ("-1", "0", "1001", "many"):
        assert await cell.error(ANN, "conversations.list", limit=limit) == "invalid_limit"
        assert await cell.error(ANN, "conversations.members", channel=GENERAL, limit=limit) == "invalid_limit"
    assert (await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=100_000))["ok"]
    assert len((await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=-5))["messages"]) <= 1


async def test_pages_that_start_at_the_old_end_go_on_upwards(cell: Cell) -> None:
    posted = [await cell.post(ANN, GENERAL, f"m{number}") for number in range(6)]
    found = await pages(cell, "conversations.history", "messages", channel=GENERAL, limit=2, oldest=posted[0])
    assert [[m["ts"] for m in page] for page in found] == [
        [posted[2], posted[1]],
        [posted[4], posted[3]],
        [posted[5]],
    ]
