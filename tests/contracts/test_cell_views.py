"""What every store of views promises; run on each of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from regional_cell.domain.access import Sight
from regional_cell.domain.changes import Add, Change, Patch, Put, Remove
from regional_cell.domain.views.registry import VIEWS
from regional_cell.ports.log import Written
from regional_cell.ports.views import FilesWanted
from tests.regional_cell.stores import (
    C1,
    C2,
    START_US,
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


async def test_a_timeline_is_a_page_and_all_that_it_is_made_of(store: Store) -> None:
    ts = await history(store)
    writer = Writer(store, head=(await store.log.residents())[0].head)
    reacted = [
        Put("reactions", (C1, at, name, U2), {"at_us": START_US}) for at in ts[:2] for name in ("a", "b")
    ]
    assert await store.log.append([writer.share("AuditNoted", {}, changes=tuple(reacted))]) == [Written()]
    for newest_first, latest, limit in ((True, None, 9), (False, ts[4], 2), (True, ts[0], 2)):
        asked = {"oldest": None, "latest": latest, "newest_first": newest_first, "limit": limit}
        page = await store.views.timeline(T1, C1, knows=lambda number: number == 1, **asked)  # type: ignore[arg-type]
        assert page.rows == await store.views.messages(T1, C1, **asked)  # type: ignore[arg-type]
        sequences = {row[name] for _, row in page.rows for name in ("sequence", "text_sequence")} - {1}
        opened = {number: store.sealer.open_event(entry).payload for number, entry in page.entries.items()}
        assert opened == {
            number: store.sealer.open_event(entry).payload
            for number, entry in (await store.log.entries(T1, sorted(sequences))).items()
        }
        assert page.redacted == set()
        shown = [at for at, _ in page.rows]
        assert page.repliers == await store.views.reply_users(T1, C1, shown)
        assert page.reactions == await store.views.reactions(T1, C1, shown)
    asked = {"oldest": None, "latest": None, "newest_first": True, "limit": 9}
    gone = (await store.views.messages(T1, C1, **asked))[0][1]["text_sequence"]  # type: ignore[arg-type]
    assert await store.log.append([writer.share("Redacted", {"sequence": gone, "why": "order"})]) == [
        Written()
    ]
    page = await store.views.timeline(T1, C1, knows=lambda number: True, **asked)  # type: ignore[arg-type]
    assert (page.redacted, page.entries) == ({gone}, {})


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


async def populate(store: Store) -> None:
    """C1 is public, C2 private; U1 is in both, U2 in none. Messages at 1 (C1), 2 and 3 (C2); 4 (C1) is
    hidden.
    """
    about = {"kind": "public", "creator": U1, "created_s": 1, "updated_ms": 1, "archived": 0, "general": 0}
    row = {"user": U1, "hidden": 0}
    await write(
        store,
        Put("channels", (C1,), {**about, "content": {"name": "one"}}),
        Put("channels", (C2,), {**about, "kind": "private", "content": {"name": "two"}}),
        *(Put("members", (channel, U1), {"since_us": 1, "open": 1}) for channel in (C1, C2)),
        Put("messages", (C1, 1), row),
        Put("messages", (C2, 2), row),
        Put("messages", (C2, 3), row),
        Put("messages", (C1, 4), {**row, "hidden": 1}),
    )


INSIDER, MEMBER, BOT = Sight(U1, True), Sight(U2, True), Sight(U2, False)


async def test_a_list_of_files_is_sifted_and_counted(store: Store) -> None:
    await populate(store)
    file = {"user": U1, "state": "stored", "created_s": 10, "category": "images"}
    await write_more(
        store,
        Put("files", ("F1",), file),
        Put("files", ("F2",), {**file, "created_s": 20, "category": "pdfs"}),
        Put("files", ("F3",), {**file, "created_s": 30, "user": U2}),
        Put("files", ("F4",), {**file, "created_s": 30}),
        Put("files", ("F5",), {**file, "state": "offered"}),
        Put("files", ("F6",), {**file, "state": "deleted"}),
        Put("file_shares", ("F1", C1, 1), {"user": U1}),
        Put("file_shares", ("F2", C2, 2), {"user": U1}),
        Put("file_shares", ("F2", C2, 3), {"user": U1}),
        Put("file_shares", ("F6", C1, 1), {"user": U1}),
    )

    async def found(wanted: FilesWanted, limit: int = 9, offset: int = 0) -> tuple[int, list[str]]:
        return await store.views.files(T1, wanted, limit, offset)

    assert await found(FilesWanted(INSIDER)) == (3, ["F4", "F2", "F1"])
    assert await found(FilesWanted(MEMBER)) == (2, ["F3", "F1"])
    assert await found(FilesWanted(BOT)) == (1, ["F3"])
    assert await found(FilesWanted(INSIDER), 1, 1) == (3, ["F2"])
    assert await found(FilesWanted(INSIDER, channel=C2)) == (1, ["F2"])
    assert await found(FilesWanted(MEMBER, user=U1)) == (1, ["F1"])
    assert await found(FilesWanted(INSIDER, oldest_s=20, latest_s=20)) == (1, ["F2"])
    assert await found(FilesWanted(INSIDER, categories=("images",))) == (2, ["F4", "F1"])
    assert await found(FilesWanted(INSIDER, categories=())) == (0, [])
    assert await store.views.files(T2, FilesWanted(INSIDER), 9, 0) == (0, [])


async def test_what_somebody_reacted_to_is_listed_by_the_newest_reaction(store: Store) -> None:
    await populate(store)
    await write_more(
        store,
        Put("reactions", (C1, 1, "eyes", U1), {"at_us": 10}),
        Put("reactions", (C2, 2, "eyes", U1), {"at_us": 20}),
        Put("reactions", (C2, 3, "eyes", U1), {"at_us": 30}),
        Put("reactions", (C1, 1, "tada", U1), {"at_us": 40}),
        Put("reactions", (C1, 4, "tada", U1), {"at_us": 50}),
        Put("reactions", (C1, 1, "eyes", U2), {"at_us": 60}),
    )
    whole = [(40, C1, 1), (30, C2, 3), (20, C2, 2)]

    async def found(sight: Sight, before_us: int | None = None, limit: int = 9, offset: int = 0) -> object:
        return await store.views.reacted(T1, U1, sight, before_us=before_us, limit=limit, offset=offset)

    assert await found(INSIDER) == (3, whole)
    assert await found(INSIDER, before_us=40, limit=1) == (3, whole[1:2])
    # A message whose newest reaction is not earlier does not come back by an older one.
    assert await found(INSIDER, before_us=15) == (3, [])
    assert await found(INSIDER, limit=1, offset=2) == (3, whole[2:])
    assert await found(MEMBER) == (1, whole[:1])
    assert await found(BOT) == (0, [])


async def test_what_is_due_is_found_over_all_residents_the_earliest_first(store: Store) -> None:
    await open_resident(store, T2)
    for resident, file, due_s in ((T1, "F1", 30), (T2, "F2", 10), (T1, "F3", 20), (T1, "F4", None)):
        await write_more(store, Put("files", (file,), {"due_s": due_s}), resident=resident)
    assert await store.views.due("files", 20, 9) == [(T2, ("F2",)), (T1, ("F3",))]
    assert await store.views.due("files", 99, 1) == [(T2, ("F2",))]
    assert await store.views.due("files", 99, 1, [T2]) == [(T1, ("F3",))]
    assert await store.views.due("files", 99, 9, [T1, T2]) == []
    assert await store.views.due("files", 9, 9) == []


async def write_more(store: Store, *changes: Change, resident: str = T1) -> None:
    """Write changes after what the log holds."""
    record = await store.log.record(resident)
    assert record is not None
    writer = Writer(store, resident, head=record.head, at_us=max(record.clock_us, START_US))
    shares = [writer.share("AuditNoted", {}, changes=(change,)) for change in changes]
    assert await store.log.append(shares) == [Written()] * len(shares)
