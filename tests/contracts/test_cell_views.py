"""What every store of views promises; run on each of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from regional_cell.domain.changes import Add, Change, Patch, Put, Remove
from regional_cell.domain.views.registry import VIEWS
from regional_cell.ports.log import Written
from tests.regional_cell.stores import (
    C1,
    C2,
    STORES,
    T1,
    T2,
    U1,
    U2,
    Store,
    Writer,
    channel_created,
    message,
    open_resident,
)

PROFILE = {"name": "ada", "email": "Ada@example.com"}


@pytest.fixture(params=sorted(STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made = STORES[request.param](tmp_path)
    await open_resident(made)
    yield made
    made.close()


async def write(store: Store, *changes: Change, batches: int = 1) -> None:
    """Write changes under events that have none of their own, in one batch or several."""
    writer = Writer(store)
    shares = [writer.share("AuditNoted", {}, changes=(change,)) for change in changes]
    size = -(-len(shares) // batches)
    for start in range(0, len(shares), size):
        batch = shares[start : start + size]
        assert await store.log.append(batch) == [Written()] * len(batch)


@pytest.mark.parametrize("batches", [1, 3])
async def test_changes_of_one_row_take_effect_in_order(store: Store, batches: int) -> None:
    await write(
        store,
        Put("reads", (U1, C1), {"last_read": 5}),
        Patch("reads", (U1, C1), {"last_read": 6}),
        Add("reads", (U1, C1), "last_read", 4),
        Add("reads", (U2, C1), "last_read", 3),
        Patch("reads", (U2, C2), {"last_read": 1}),
        Put("reads", (U1, C2), {"last_read": 1}),
        Remove("reads", (U1, C2)),
        Add("reads", (U2, C1), "last_read", -1),
        Patch("reads", (U1, C2), {"last_read": 9}),
        batches=batches,
    )
    assert await store.views.rows(T1, "reads") == [
        ((U1, C1), {"last_read": 10}),
        ((U2, C1), {"last_read": 2}),
    ]


async def test_a_whole_row_clears_what_it_does_not_name(store: Store) -> None:
    await write(
        store,
        Put("users", (U1,), {"role": "admin", "content": PROFILE}),
        Put("users", (U1,), {"person": "P"}),
    )
    row = await store.views.row(T1, "users", (U1,))
    assert row == {**dict.fromkeys(VIEWS["users"].columns), "person": "P"}


@pytest.mark.parametrize("batches", [1, 4])
async def test_a_patch_of_content_merges_members(store: Store, batches: int) -> None:
    await write(
        store,
        Put("users", (U1,), {"role": "member", "content": PROFILE}),
        Patch("users", (U1,), {"content": {"title": "Countess"}}),
        Patch("users", (U1,), {"role": "admin", "content": {"name": "ada l"}}),
        Patch("users", (U2,), {"content": {"name": "nobody"}}),
        batches=batches,
    )
    row = await store.views.row(T1, "users", (U1,))
    assert row is not None
    assert (row["role"], row["content"]) == ("admin", {**PROFILE, "title": "Countess", "name": "ada l"})
    assert await store.views.row(T1, "users", (U2,)) is None


async def test_state_is_the_fold_up_to_the_head(store: Store) -> None:
    writer = Writer(store)
    await store.log.append(
        [writer.share("ChannelCreated", channel_created(), T1), writer.post(), writer.post()]
    )
    state = await store.views.state(T1)
    assert state is not None
    assert (state.head, state.clock_us, state.epoch, state.topic_count(C1)) == (3, writer.at_us, 1, 2)
    assert state.is_member(C1, U2)
    assert state.channel_by_name == {C1.lower(): C1}
    assert await store.views.state(T2) is None


async def test_residents_do_not_see_each_other(store: Store) -> None:
    await open_resident(store, T2)
    await store.log.append([Writer(store).post(), Writer(store, T2, at_us=1).post()])
    assert len(await store.views.rows(T1, "messages")) == len(await store.views.rows(T2, "messages")) == 1
    assert await store.views.rows(T1, "messages") != await store.views.rows(T2, "messages")


async def test_rows_are_found_by_key(store: Store) -> None:
    await write(store, *(Put("reads", (U1, channel), {"last_read": 1}) for channel in (C1, C2)))
    assert set(await store.views.many(T1, "reads", [(U1, C1), (U2, C1), (U1, C2)])) == {(U1, C1), (U1, C2)}
    assert await store.views.many(T1, "reads", []) == {}
    assert await store.views.many(T1, "workspaces", [()]) == {}


async def history(store: Store) -> list[int]:
    """A root with three replies (one broadcast), a hidden row, and another line; the times in order."""
    writer = Writer(store)
    shares = [writer.post("root")]
    root = shares[0].events[0].at_us
    shares += [
        writer.post("r1", thread_ts=root, user=U2),
        writer.post("r2", thread_ts=root, broadcast=True),
        writer.post("r3", thread_ts=root, user=U2),
        writer.post("last", user=U2),
        writer.post("gone"),
    ]
    shares.append(
        writer.share(
            "MessageDeleted",
            {"channel": C1, "ts": shares[-1].events[0].at_us, "by": U1, "tombstone": True, "thread_ts": 0},
            C1,
        )
    )
    assert await store.log.append(shares) == [Written()] * len(shares)
    return [share.events[0].at_us for share in shares]


async def test_the_main_line_has_no_hidden_rows_and_only_broadcast_replies(store: Store) -> None:
    ts = await history(store)
    line = await store.views.messages(T1, C1, oldest=None, latest=None, newest_first=False, limit=9)
    assert [at for at, _ in line] == [ts[0], ts[2], ts[4]]
    newest = await store.views.messages(T1, C1, oldest=ts[0], latest=ts[4], newest_first=True, limit=9)
    assert [at for at, _ in newest] == [ts[2]]
    assert len(await store.views.messages(T1, C1, oldest=None, latest=None, newest_first=True, limit=2)) == 2


async def test_a_thread_has_its_replies_in_order_and_its_root_counts_them(store: Store) -> None:
    ts = await history(store)
    replies = await store.views.thread(T1, C1, ts[0], oldest=None, latest=None, limit=9)
    assert [at for at, _ in replies] == ts[1:4]
    bounded = await store.views.thread(T1, C1, ts[0], oldest=ts[1], latest=ts[3], limit=9)
    assert [at for at, _ in bounded] == [ts[2]]
    root = await store.views.row(T1, "messages", (C1, ts[0]))
    assert root is not None
    assert (root["reply_count"], root["latest_reply"]) == (3, ts[3])
    assert await store.views.reply_users(T1, C1, [ts[0], ts[4]]) == {ts[0]: [U2, U1]}


async def test_unread_counts_what_others_wrote_after_the_mark(store: Store) -> None:
    ts = await history(store)
    assert await store.views.unread(T1, U1, [C1, C2]) == {C1: (ts[5], 0), C2: (0, 0)}
    assert await store.views.unread(T1, "U000000000007", [C1]) == {C1: (0, 3)}


async def test_reactions_come_in_order_of_first_use(store: Store) -> None:
    ts = (await history(store))[0]
    writer = Writer(store, head=7, at_us=ts + 100)
    given = [("wave", U2), ("ada", U1), ("wave", U1)]
    shares = [
        writer.share(
            "ReactionAdded", {"channel": C1, "ts": ts, "user": user, "name": name, "item_user": U1}, C1
        )
        for name, user in given
    ]
    assert await store.log.append(shares) == [Written()] * 3
    assert await store.views.reactions(T1, C1, [ts]) == {ts: [("wave", [U2, U1]), ("ada", [U1])]}


async def test_shares_of_files_are_found(store: Store) -> None:
    share = Writer(store).share("MessagePosted", message(files=["F000000000001"]), C1)
    await store.log.append([share])
    found = await store.views.shares(T1, ["F000000000001", "F000000000002"])
    assert found == {"F000000000001": [(C1, share.events[0].at_us, None)]}
