"""What every store of logs promises; run on each of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from accord.errors import ConflictError
from regional_cell.domain.changes import Patch, Put, Require
from regional_cell.ports.log import Behind, Duplicate, Unfit, Unmet, Written
from tests.regional_cell.stores import C1, STORES, T1, T2, Store, Writer, message, open_resident


@pytest.fixture(params=sorted(STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made = STORES[request.param](tmp_path)
    await open_resident(made)
    yield made
    made.close()


async def head(store: Store, resident: str = T1) -> int:
    record = await store.log.record(resident)
    assert record is not None
    return record.head


async def test_what_was_appended_is_read_in_order_and_opens(store: Store) -> None:
    writer = Writer(store)
    shares = [writer.post(f"text {number}") for number in range(5)]
    assert await store.log.append(shares) == [Written()] * 5
    entries = await store.log.read(T1, 0, 3) + await store.log.read(T1, 3, 10)
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4, 5]
    assert entries == [share.events[0] for share in shares]
    assert store.sealer.open_event(entries[4]).payload["text"] == "text 4"
    assert await store.log.entries(T1, [2, 99]) == {2: entries[1]}


async def test_head_and_clock_are_those_of_the_last_event(store: Store) -> None:
    writer = Writer(store)
    await store.log.append([writer.post(), writer.post()])
    record = await store.log.record(T1)
    assert record is not None
    assert (record.head, record.clock_us) == (2, writer.at_us)
    assert (record.subjects, record.tags) == (("de-staff",), ("pilot",))
    assert await store.log.residents() == [record]


async def test_a_share_decided_at_an_old_head_is_behind_and_leaves_nothing(store: Store) -> None:
    await store.log.append([Writer(store).post("first")])
    assert await store.log.append([Writer(store).post("rival")]) == [Behind()]
    assert await head(store) == 1
    assert store.sealer.open_event((await store.log.read(T1, 0, 9))[0]).payload["text"] == "first"


@pytest.mark.parametrize("epoch", [0, 2])
async def test_a_share_of_another_epoch_is_behind(store: Store, epoch: int) -> None:
    assert await store.log.append([Writer(store, epoch=epoch).post()]) == [Behind()]
    assert await head(store) == 0


async def test_an_unknown_resident_is_behind(store: Store) -> None:
    store.sealer.new_key(T2)
    assert await store.log.append([Writer(store, T2).post()]) == [Behind()]
    assert await store.log.record(T2) is None


async def test_residents_of_a_batch_stand_alone(store: Store) -> None:
    await open_resident(store, T2)
    late, fresh = Writer(store, head=7), Writer(store, T2)
    shares = [late.post(), fresh.post(), late.post(), fresh.post()]
    assert await store.log.append(shares) == [Behind(), Written(), Behind(), Written()]
    assert (await head(store), await head(store, T2)) == (0, 2)


async def test_a_second_message_with_the_same_key_names_the_first(store: Store) -> None:
    writer = Writer(store)
    await store.log.append([writer.post("once", "id-1")])
    again = [writer.post("twice", "id-1"), writer.post("new"), replace(writer.post("thrice", "id-1"))]
    assert await store.log.append(again) == [Duplicate(1), Unmet(), Duplicate(1)]
    assert await head(store) == 1


async def test_two_of_the_same_key_in_one_batch_become_one(store: Store) -> None:
    writer = Writer(store)
    outcomes = await store.log.append([writer.post("once", "id-1"), writer.post("twice", "id-1")])
    assert outcomes == [Written(), Unmet()]
    assert await head(store) == 1


async def test_a_condition_that_does_not_hold_stops_its_share_and_those_behind_it(store: Store) -> None:
    writer = Writer(store)
    first = writer.post()
    there = Require("messages", (C1, first.events[0].at_us))
    absent = Require("messages", (C1, 5))
    share = writer.share("MessagePosted", message(), C1, requires=(there,))
    bad = writer.share("MessagePosted", message(), C1, requires=(absent,))
    outcomes = await store.log.append([first, share, bad, writer.post()])
    assert outcomes == [Written(), Written(), Unmet(absent), Unmet()]
    assert await head(store) == 2


async def test_conditions_compare_columns_and_see_what_the_batch_wrote_before(store: Store) -> None:
    writer = Writer(store)
    first = writer.post()
    place = (C1, first.events[0].at_us)
    edit = Patch("messages", place, {"edited_us": 9})
    unedited = Require("messages", place, columns={"edited_us": None})
    edited = Require("messages", place, columns={"edited_us": 9})
    one = writer.share("MessagePosted", message(), C1, requires=(unedited,), changes=(edit,))
    two = writer.share("MessagePosted", message(), C1, requires=(edited,), changes=())
    three = writer.share("MessagePosted", message(), C1, requires=(unedited,), changes=())
    assert await store.log.append([first, one, two, three]) == [Written()] * 3 + [Unmet(unedited)]


@pytest.mark.parametrize(
    "values",
    [{"unheard_of": 1}, {"sequence": "no number"}, {"sequence": 2**70}, {"user": ["no", "text"]}],
)
async def test_a_share_that_no_store_can_hold_fails_alone(store: Store, values: dict[str, object]) -> None:
    await open_resident(store, T2)
    writer, other = Writer(store), Writer(store, T2)
    bad_change = Put("messages", (C1, 77), values)
    good = writer.post("good")
    bad = writer.share("MessagePosted", message(), C1, changes=(bad_change,))
    outcomes = await store.log.append([good, bad, other.post(), writer.post()])
    assert [type(outcome) for outcome in outcomes] == [Written, Unfit, Written, Unmet]
    assert (await head(store), await head(store, T2)) == (1, 1)
    assert await store.views.row(T1, "messages", (C1, 77)) is None


async def test_a_share_whose_numbers_have_a_gap_fails(store: Store) -> None:
    writer = Writer(store)
    first = writer.post()
    writer.head += 1
    outcomes = await store.log.append([first, writer.post()])
    assert [type(outcome) for outcome in outcomes] == [Written, Unfit]


async def test_opening_twice_is_once_and_another_epoch_is_a_conflict(store: Store) -> None:
    await store.log.append([Writer(store).post()])
    record = await store.log.record(T1)
    assert record is not None
    await store.log.open(replace(record, head=0), b"another key")
    assert await head(store) == 1
    with pytest.raises(ConflictError):
        await store.log.open(replace(record, epoch=2), b"another key")


async def test_a_redaction_drops_the_bytes_and_keeps_place_and_commitment(store: Store) -> None:
    writer = Writer(store)
    first = writer.post("secret")
    await store.log.append([first, writer.share("Redacted", {"sequence": 1, "why": "order"})])
    entry = (await store.log.entries(T1, [1]))[1]
    assert entry == replace(first.events[0], sealed=None)


async def test_authors_do_not_share_their_keys(store: Store) -> None:
    writer = Writer(store)
    other = message("other", user="U000000000009", client_msg_id="id-1")
    shares = [
        writer.post("mine", "id-1"),
        writer.share("MessagePosted", other, C1, client_msg_id=(other["user"], "id-1")),
    ]
    assert await store.log.append(shares) == [Written(), Written()]
