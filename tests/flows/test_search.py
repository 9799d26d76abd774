"""Search over the cells of one person: permitted and booked, withheld by a named rule, or missing and said
so.
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from accord.wire.cell.v1 import operations_pb2 as pb
from tests.support.clients import Plain, web
from tests.support.federation import RunningDemo
from tests.support.provisioning import add_person, add_user, link_person
from tests.support.waiting import until

TAIL_MS = 1_500


def fresh_word() -> str:
    """A word that no message holds, of a fixed length."""
    return "zq" + uuid.uuid4().hex[:16]


def cells_of(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """States by cell."""
    rows = answer["cells"]
    assert len({row["cell"] for row in rows}) == len(rows)
    return {row["cell"]: row for row in rows}


def told(demo: RunningDemo, workspace: str, text: str) -> tuple[str, str]:
    """A message in #general of a workspace, by its first member at the edge of its home; (channel, ts)."""
    home = demo.workspace(workspace)["home"].partition("-")[2]
    channel = demo.workspace(workspace)["channels"]["general"]
    writer = demo.person(workspace, "owner")
    with Plain(demo.edge(home), writer["token"]) as plain:
        return channel, str(plain.done("chat.postMessage", channel=channel, text=text)["ts"])


def indexed(demo: RunningDemo, workspace: str, word: str) -> None:
    """Wait until the home of a workspace finds a word."""
    home = demo.workspace(workspace)["home"].partition("-")[2]
    with Plain(demo.edge(home), demo.person(workspace, "owner")["token"]) as plain:
        until(
            lambda: plain.done("search.messages", query=word)["messages"]["total"],
            15,
            "the message is indexed",
        )


@pytest.fixture
def abroad(demo: RunningDemo) -> Iterator[Plain]:
    """The visitor in globex, whose home is us-iad, under the built-in policies."""
    with Plain(demo.edge("iad"), demo.visitor()[1]["token"]) as plain:
        yield plain


@pytest.fixture
def allowed(permitted: RunningDemo) -> Iterator[Plain]:
    """The same where the policies permit it."""
    with Plain(permitted.edge("iad"), permitted.visitor()[1]["token"]) as plain:
        yield plain


def books(demo: RunningDemo, cell: str) -> list[dict[str, Any]]:
    """The open parts of all entries of a cell's book."""
    folder = Path(demo.cell(cell)["data_dir"]) / "ledger" / "book"
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    return [json.loads(line)["open"] for line in lines]


def crossings(demo: RunningDemo, cell: str) -> list[dict[str, Any]]:
    """Entries of searches between cells in a cell's book."""
    return [entry for entry in books(demo, cell) if entry["leg"].startswith(("query", "answer"))]


def channel_calls(demo: RunningDemo, cell: str) -> list[str]:
    """What a cell's metrics say of calls by other cells."""
    text = httpx2.get(demo.cell(cell)["metrics"], timeout=10).text
    return [line for line in text.splitlines() if "ControlledChannel" in line]


def test_a_search_finds_what_is_at_home(demo: RunningDemo, abroad: Plain) -> None:
    word = fresh_word()
    channel, ts = told(demo, "globex", f"the {word} plan")
    indexed(demo, "globex", word)
    answer = abroad.done("ext.search", query=word)
    assert [(match["ts"], match["channel"]["id"], match["x_cell"]) for match in answer["matches"]] == [
        (ts, channel, "us-iad")
    ]
    assert cells_of(answer)["us-iad"]["state"] == "complete"
    assert "continuation" not in answer


def test_german_hits_are_withheld_by_a_named_rule(demo: RunningDemo, abroad: Plain) -> None:
    word = fresh_word()
    told(demo, "acme", f"the {word} plan")
    indexed(demo, "acme", word)
    answer = abroad.done("ext.search", query=word)
    assert answer["matches"] == []
    row = cells_of(answer)["de-fra"]
    assert row["state"] == "withheld"
    assert row["jurisdiction"] == "DE"
    assert row["rule"] == "floor/eea eea-1"
    assert row["text"]
    assert row["decision"]
    assert set(row) <= {"cell", "jurisdiction", "state", "rule", "text", "decision"}, "no count, no time"
    official = web(demo.edge("iad"), demo.visitor()[1]["token"]).search_messages(query=word)
    assert official["messages"]["total"] == 0
    assert {row["cell"]: row["state"] for row in official["x_cells"]}["de-fra"] == "withheld"


@pytest.mark.parametrize("method", ["ext.search", "search.messages"])
def test_a_withheld_answer_is_the_same_whatever_is_there(
    demo: RunningDemo, abroad: Plain, method: str
) -> None:
    there, nowhere = fresh_word(), fresh_word()
    for _ in range(3):
        told(demo, "acme", f"the {there} plan")
    indexed(demo, "acme", there)

    def said(word: str) -> str:
        body = abroad.done(method, query=word)
        for row in body.get("cells", body.get("x_cells", [])):
            if row["cell"] == "us-iad":
                row.pop("took_ms")
                row.pop("through", None)
        return json.dumps(body).replace(word, "word")

    assert said(there) == said(nowhere)


def test_what_is_withheld_is_not_asked_and_not_booked(demo: RunningDemo, abroad: Plain) -> None:
    log = demo.data_dir / "logs" / "de-fra.log"

    def traces() -> tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]]:
        return channel_calls(demo, "de-fra"), crossings(demo, "us-iad"), crossings(demo, "de-fra")

    before, logged = traces(), len(log.read_bytes())
    for _ in range(3):
        assert cells_of(abroad.done("ext.search", query=fresh_word()))["de-fra"]["state"] == "withheld"
    assert traces() == before
    added = log.read_bytes()[logged:]
    assert b"ControlledChannel" not in added
    assert b"search" not in added


def test_a_german_searches_at_home_and_the_words_do_not_leave(demo: RunningDemo) -> None:
    word = fresh_word()
    name = "g" + word[2:]
    card = pb.PersonSpec(email=f"{name}@de.example", real_name="Grete Probe", display_name=name)
    person = add_person(demo, "de-fra", card)
    at_home = add_user(demo, "acme", person, name, card, ["globex"])
    there = add_user(demo, "globex", person, name, card, ["acme"])
    link_person(demo, "de-fra", person, "acme", at_home.user)
    link_person(demo, "de-fra", person, "globex", there.user)
    _, ts = told(demo, "acme", f"the {word} plan")
    told(demo, "globex", f"the {word} plan")
    indexed(demo, "acme", word)
    calls = channel_calls(demo, "us-iad")
    with Plain(demo.edge("fra"), at_home.token) as plain:
        answer = plain.done("ext.search", query=word)
    assert [(match["ts"], match["x_cell"]) for match in answer["matches"]] == [(ts, "de-fra")]
    states = cells_of(answer)
    assert states["de-fra"]["state"] == "complete"
    assert states["us-iad"]["state"] == "withheld"
    assert states["us-iad"]["rule"] == "floor/eea eea-1"
    assert channel_calls(demo, "us-iad") == calls
    assert crossings(demo, "us-iad") == []


def test_permitted_hits_appear_with_an_entry_in_both_books_under_one_transfer(
    permitted: RunningDemo, allowed: Plain
) -> None:
    word = fresh_word()
    german, ts = told(permitted, "acme", f"Der {word} Plan")
    american, own_ts = told(permitted, "globex", f"the {word} plan")
    indexed(permitted, "acme", word)
    indexed(permitted, "globex", word)
    before = {cell: len(crossings(permitted, cell)) for cell in ("de-fra", "us-iad")}
    answer = allowed.done("ext.search", query=word, sort="timestamp")
    assert [(match["ts"], match["channel"]["id"], match["x_cell"]) for match in answer["matches"]] == [
        (own_ts, american, "us-iad"),
        (ts, german, "de-fra"),
    ]
    assert {cell: row["state"] for cell, row in cells_of(answer).items()} == {
        "us-iad": "complete",
        "de-fra": "complete",
    }
    new = {cell: crossings(permitted, cell)[count:] for cell, count in before.items()}
    legs = {
        cell: sorted((row["leg"], row["side"], row["phase"], row["transfer_id"]) for row in rows)
        for cell, rows in new.items()
    }
    (transfer,) = {row[3] for rows in legs.values() for row in rows}
    assert legs["us-iad"] == sorted(
        [
            ("query", "debit", "intent", transfer),
            ("query", "debit", "result", transfer),
            (legs["de-fra"][0][0], "credit", "result", transfer),
        ]
    )
    answer_leg = legs["us-iad"][0][0]
    assert legs["de-fra"] == sorted(
        [
            ("query", "credit", "result", transfer),
            (answer_leg, "debit", "intent", transfer),
            (answer_leg, "debit", "result", transfer),
        ]
    )
    assert channel_calls(permitted, "de-fra"), "a cell that was asked says so"
    shown = json.dumps([*new["de-fra"], *new["us-iad"]])
    assert word not in shown, "a book holds no words of a search"
    debit = next(r for r in new["de-fra"] if r["side"] == "debit" and r["phase"] == "result")
    assert debit["items"] >= 1
    assert debit["decision"]["rules"], "a crossing names the rules that permit it"


@pytest.mark.parametrize("mode", ["content", "metadata", "count"])
def test_the_mode_bounds_what_comes(permitted: RunningDemo, allowed: Plain, mode: str) -> None:
    word = fresh_word()
    channel, ts = told(permitted, "acme", f"Der {word} Plan")
    indexed(permitted, "acme", word)
    answer = allowed.done("ext.search", query=word, mode=mode)
    assert cells_of(answer)["de-fra"]["state"] == "complete"
    if mode == "count":
        assert answer["matches"] == []
        assert answer["total"] == 1
    else:
        (match,) = answer["matches"]
        assert (match["channel"]["id"], match["ts"]) == (channel, ts)
        assert (f"Der {word} Plan" in json.dumps(match, ensure_ascii=False)) == (mode == "content")


def test_who_left_a_channel_finds_nothing_of_it_from_afar(permitted: RunningDemo, allowed: Plain) -> None:
    word = fresh_word()
    in_acme, _ = permitted.visitor()
    owner = permitted.person("acme", "owner")
    with (
        Plain(permitted.edge("fra"), owner["token"]) as hers,
        Plain(permitted.edge("fra"), in_acme["token"]) as theirs,
    ):
        name = "left-" + word[2:]
        channel = hers.done("conversations.create", name=name, is_private=True)["channel"]["id"]
        hers.done("chat.postMessage", channel=channel, text=f"Der {word} Plan")
        indexed(permitted, "acme", word)
        assert allowed.done("ext.search", query=word)["matches"] == [], "never a member"
        hers.done("conversations.invite", channel=channel, users=in_acme["user_id"])
        assert [match["x_cell"] for match in allowed.done("ext.search", query=word)["matches"]] == ["de-fra"]
        theirs.done("conversations.leave", channel=channel)
        answer = allowed.done("ext.search", query=word)
    assert answer["matches"] == []
    assert cells_of(answer)["de-fra"]["state"] == "empty"


def test_a_killed_cell_is_unavailable_and_the_continuation_asks_it_alone(
    permitted: RunningDemo, allowed: Plain
) -> None:
    word = fresh_word()
    _, german = told(permitted, "acme", f"Der {word} Plan")
    _, american = told(permitted, "globex", f"the {word} plan")
    indexed(permitted, "acme", word)
    indexed(permitted, "globex", word)
    permitted.companion("kill", "de-fra")
    try:
        answer = allowed.done("ext.search", query=word)
        assert [match["ts"] for match in answer["matches"]] == [american]
        states = cells_of(answer)
        assert states["us-iad"]["state"] == "complete"
        assert states["de-fra"]["state"] == "unavailable"
        assert "rule" not in states["de-fra"]
    finally:
        permitted.companion("start", "de-fra")
    mark = answer["continuation"]

    def rest() -> dict[str, Any] | None:
        more = allowed.done("ext.search", query=word, continuation=mark)
        assert set(cells_of(more)) == {"de-fra"}, "only the missing cell is asked"
        return more if cells_of(more)["de-fra"]["state"] == "complete" else None

    more = until(rest, 60, "the missing cell answers", every_s=0.5)
    assert more is not None
    assert [match["ts"] for match in more["matches"]] == [german]
    assert "continuation" not in more
    other = allowed.patient("ext.search", query=fresh_word(), continuation=mark)
    assert other.fields["ok"] is False, "a continuation is of one search"


def test_a_frozen_cell_is_timed_out_within_the_deadline(permitted: RunningDemo, allowed: Plain) -> None:
    word = fresh_word()
    _, american = told(permitted, "globex", f"the {word} plan")
    indexed(permitted, "globex", word)
    permitted.companion("kill", "de-fra", "--signal", "STOP")
    try:
        answer = allowed.done("ext.search", query=word, first_answer_ms=400, tail_ms=TAIL_MS)
    finally:
        permitted.companion("kill", "de-fra", "--signal", "CONT")
    assert [match["ts"] for match in answer["matches"]] == [american]
    row = cells_of(answer)["de-fra"]
    assert row["state"] == "timed_out"
    assert row["took_ms"] < TAIL_MS + 500
    assert answer["continuation"]
    until(
        lambda: cells_of(allowed.done("ext.search", query=word))["de-fra"]["state"] in ("complete", "empty"),
        30,
        "the cell answers again",
        every_s=0.5,
    )
