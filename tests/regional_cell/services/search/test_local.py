"""Searching one workspace: the index and the overlay find what a naive reading of the messages finds."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regional_cell.adapters.local.search_fts5 import Fts5Index
from regional_cell.domain.search_match import HIT_BEGIN, HIT_END, Found, highlight
from regional_cell.domain.search_query import Term
from regional_cell.ports.search import Document, IndexQuery
from regional_cell.services.indexing import Indexing
from regional_cell.services.search.local import LocalAnswer, Wanted
from tests.regional_cell.services.search.federation import CHANNEL, PRIVATE, TestedCell, two_cells
from tests.regional_cell.stores import one

WORDS = st.sampled_from(
    ["Zephyr", "zephyrs", "Ölfeld", "olfeld", "東京会議", "会議", "foo_bar", "AI計画", "naïve", "x"]
)
TEXTS = st.lists(WORDS, max_size=4).map(" ".join)
KINDS = st.sampled_from(["word", "phrase", "prefix"])
TERMS = st.lists(
    st.builds(Term, st.one_of(WORDS, TEXTS.filter(bool)), KINDS, st.booleans()), min_size=1, max_size=2
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=6), st.lists(TEXTS, max_size=3), TERMS)
async def test_the_index_offers_all_that_a_naive_reading_finds(
    tmp_path: Path, texts: list[str], later: list[str], terms: list[Term]
) -> None:
    path = tmp_path / "index.db"
    path.unlink(missing_ok=True)
    index = Fts5Index(path)
    await index.open()
    try:
        await index.index("T1", 1, [Document("C1", ts, "U1", text) for ts, text in enumerate(texts)], [])
        await index.index(
            "T1", 2, [Document("C1", ts, "U1", text) for ts, text in enumerate(later)], [("C1", 5)]
        )
        await index.index("T2", 9, [Document("C1", 1, "U1", "Zephyr 会議")], [])
        now = dict(enumerate(texts)) | dict(enumerate(later))
        if len(later) <= 5:
            now.pop(5, None)
        hits = await index.search("T1", IndexQuery(tuple(terms), ("C1",)))
        assert [hit.ts for hit in hits] == sorted(
            (ts for ts, text in now.items() if Found(text).holds(terms)), reverse=True
        )
        assert await index.position("T1") == 2
    finally:
        await index.close()


async def find(cell: TestedCell, text: str, place: int = 0) -> list[str]:
    caller = cell.caller(place)
    found: LocalAnswer = await cell.local.search(caller, await cell.local.read(caller, text), Wanted())
    assert found.total == len(found.matches)
    assert not found.partial
    return sorted(match.data.split(b'"text":"')[1].split(b'"')[0].decode() for match in found.matches)


@pytest.mark.parametrize("indexed", [False, True])
async def test_what_may_be_read_is_found_at_once_and_nothing_else(tmp_path: Path, indexed: bool) -> None:
    async with two_cells(tmp_path, permitted=True) as (cell, _):
        await cell.say("zephyr for all")
        await cell.say("zephyr in private", PRIVATE)
        await cell.say("zephyr by ann", place=0)
        if indexed:
            events = await cell.commits.read(cell.workspace, 0, 500)
            await Indexing(cell.index).consume(cell.workspace, events[-1].sequence, events)
        await cell.say("another matter")
        assert await find(cell, "zephyr") == ["zephyr by ann", "zephyr for all"]
        assert await find(cell, "zephyr", 1) == ["zephyr by ann", "zephyr for all", "zephyr in private"]
        assert await find(cell, "zephyr from:me") == ["zephyr by ann"]
        assert await find(cell, "zephyr -from:@ann", 1) == ["zephyr for all", "zephyr in private"]
        assert await find(cell, "in:#plans zephyr", 1) == ["zephyr in private"]
        assert await find(cell, "in:#plans zephyr") == []
        assert await find(cell, "zephyr before:2001-01-01") == []
        assert await find(cell, "from:@nobody") == []
        assert await find(cell, "matter") == ["another matter"]
        gone = {"channel": PRIVATE, "user": cell.caller(1).user, "by": "", "why": "left"}
        await cell.commits.commit(
            cell.workspace, one("MemberRemoved", gone, PRIVATE, structural=True), principal=""
        )
        assert await find(cell, "zephyr private", 1) == []
        assert CHANNEL


def test_highlights_leave_tokens_and_entities_alone() -> None:
    terms = [Term("ann", "word"), Term("amp", "word"), Term("会議", "word")]
    marked = highlight("Ann &amp; <@UANN|ann> 東京会議", terms)
    assert marked == f"{HIT_BEGIN}Ann{HIT_END} &amp; <@UANN|ann> 東京{HIT_BEGIN}会議{HIT_END}"
