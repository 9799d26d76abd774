"""The views are the fold of the log, and a difference is found."""

import random
from pathlib import Path

import pytest

from accord.clock import SystemClock
from accord.errors import ColinkError
from regional_cell.adapters.sql.database import connect
from regional_cell.domain.decisions import Decide, Decided
from regional_cell.domain.events import Payload
from regional_cell.domain.state import State
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.rebuild import Rebuild
from tests.regional_cell.stores import (
    C1,
    C2,
    STORES,
    T1,
    U1,
    U2,
    channel_created,
    one,
    open_resident,
    post,
    sql_store,
)

KINDS = {
    "MessagePosted": 8, "MessageEdited": 3, "MessageDeleted": 2, "ReactionAdded": 3, "ReactionRemoved": 2,
    "ReadMarked": 2, "MemberAdded": 1, "MemberRemoved": 1, "ChannelChanged": 1, "ConversationOpened": 1,
    "MessageScheduled": 2, "ScheduleEnded": 1, "FileOffered": 1, "FileStored": 1, "FileDeleted": 1,
    "FilePurged": 1,
}  # fmt: skip
STRUCTURAL = (
    "MemberAdded", "MemberRemoved", "ChannelChanged", "ConversationOpened", "MessageScheduled",
    "ScheduleEnded",
)  # fmt: skip


FILE: Payload = {
    "name": "a.png", "length": 1, "title": "", "alt_text": "", "snippet_type": "", "bytes": 1, "sha256": "00",
    "object_key": "k", "mimetype": "image/png", "preview": "", "lines": 0, "channels": [],
}  # fmt: skip


class History:
    """Random commands over few rows, so that they meet: posts, replies, edits, deletions, reactions, marks,
    joins.
    """

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.known: dict[str, list[int]] = {C1: [], C2: []}

    def command(self, number: int) -> Decide:
        kind = self.draw.choices(list(KINDS), list(KINDS.values()))[0]
        channel, user = self.draw.choice([C1, C2]), self.draw.choice([U1, U2])

        def decide(state: State, first_us: int) -> Decided:
            ts = self.draw.choice(self.known[channel] or [first_us])
            root = self.draw.choice([0, ts])
            if kind == "MessagePosted":
                root = root if self.known[channel] else 0
                self.known[channel].append(first_us)
                return post(f"text {number}", channel, user, f"id-{number}", thread_ts=root)(state, first_us)
            payload = self.payload(kind, channel, user, ts, root)
            return one(kind, payload, channel, structural=kind in STRUCTURAL)(state, first_us)

        return decide

    def payload(self, kind: str, channel: str, user: str, ts: int, root: int) -> Payload:
        """What the kind needs, from a few values."""
        common: Payload = {"channel": channel, "user": user, "by": user}
        if kind == "MessageDeleted":
            return {**common, "ts": ts, "tombstone": self.draw.random() < 0.5, "thread_ts": root}
        if kind == "ChannelChanged":
            return {**common, **self.draw.choice([
                {"field": "topic", "value": f"topic {ts}"}, {"field": "archived", "value": ts % 2 == 0},
                {"field": "name", "value": f"name-{ts}", "previous_names": [f"name-{root}"]},
            ])}  # fmt: skip
        if kind in ("MessageScheduled", "ScheduleEnded"):
            name = self.draw.choice("abc")
            return {**common, "scheduled": f"Q{name}", "post_at_s": ts // 1_000_000, "why": "posted"}
        if kind.startswith("File"):
            return {**common, "file": self.draw.choice(["F1", "F2"]), **FILE}
        return {
            **common,
            "ts": ts,
            "text": "edited",
            "name": "ada",
            "item_user": U1,
            "inviter": "",
            "why": "left",
            "open": root == ts,
        }


@pytest.mark.parametrize("kind", sorted(STORES))
@pytest.mark.parametrize("seed", range(4))
async def test_a_random_history_folds_to_the_views(tmp_path: Path, kind: str, seed: int) -> None:
    store = STORES[kind](tmp_path)
    await open_resident(store)
    commits = GroupCommits(store.log, store.views, store.sealer, SystemClock(), batch_max=16)
    await commits.start()
    history = History(seed)
    created = [one("ChannelCreated", channel_created(channel), T1, structural=True) for channel in (C1, C2)]
    commands = [*created, *(history.command(number) for number in range(150))]
    futures = [commits.submit(T1, decide, principal=U1) for decide in commands]
    failed = []
    for future in futures:
        try:
            await future
        except ColinkError as error:
            failed.append(error)
    assert not failed
    compared = await Rebuild(store.log, store.views, store.sealer).compare(T1)
    assert (compared.head, compared.gaps, compared.differences) == (152, (), ())
    held, stored = await commits.state(T1), await store.views.state(T1)
    assert stored is not None
    for view, rows in held.rows.items():
        whole = {key: {name: row.get(name) for name in stored.rows[view][key]} for key, row in rows.items()}
        assert whole == stored.rows[view], view
    await commits.stop()
    store.close()


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM messages", "missing"),
        ("UPDATE messages SET user = 'U000000000009'", "other"),
        (
            "INSERT INTO reads (resident, user, channel, last_read) SELECT resident, 'U9', channel, 1 FROM"
            " messages",
            "extra",
        ),
    ],
)
async def test_a_row_that_was_touched_is_found(tmp_path: Path, statement: str, what: str) -> None:
    store = sql_store(tmp_path)
    await open_resident(store)
    commits = GroupCommits(store.log, store.views, store.sealer, SystemClock())
    await commits.start()
    await commits.commit(T1, post(), principal=U1)
    await commits.stop()
    rebuild = Rebuild(store.log, store.views, store.sealer)
    assert (await rebuild.compare(T1)).equal
    connect(tmp_path / "cell.db").execute(statement).connection.close()
    found = (await rebuild.compare(T1)).differences
    assert [difference.what for difference in found] == [what]
    store.close()


async def test_a_gap_in_the_log_is_found(tmp_path: Path) -> None:
    store = sql_store(tmp_path)
    await open_resident(store)
    commits = GroupCommits(store.log, store.views, store.sealer, SystemClock())
    await commits.start()
    for _ in range(3):
        await commits.commit(T1, post(), principal=U1)
    await commits.stop()
    connect(tmp_path / "cell.db").execute("DELETE FROM events WHERE sequence = 2").connection.close()
    assert (await Rebuild(store.log, store.views, store.sealer).compare(T1)).gaps == (3,)
    store.close()
