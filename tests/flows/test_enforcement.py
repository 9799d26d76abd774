"""Every enforcement point is reached: real processes count who asked, and what people do makes them ask."""

import re
from collections import Counter
from collections.abc import Iterator

import httpx2
import pytest

from deploy.environment import ROOT
from directory.domain.enforcement import HOMES
from docs import enforcement
from tests.flows.test_search import fresh_word, indexed, told
from tests.support.clients import Plain, web
from tests.support.federation import RunningDemo
from tests.support.rooms import person

COUNTED = re.compile(r'^colink_decisions_total\{code="(\w+)",point="([\w.]+)"\} ([\d.]+)', re.MULTILINE)
OF_HOMES = [point.name for points in HOMES.values() for point in points]
# Sessions of Germans may not pass an edge in India, nor files of Americans.
DENIED = '  - {id: X1, effect: deny, classes: [%s], ops: [transit], to: ["IN"], because: A test}\n'
MORE = {"de": DENIED % "presence", "us": DENIED % "file_content"}


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """Three cells; Americans may search the German one, and some things may not pass an edge in India."""
    folder = tmp_path_factory.mktemp("policies")
    for path in (ROOT / "docs/examples/policies-search-permitted").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        flows, mark, rest = text.partition("facts:" if "\nfacts:" in text else "tests:")
        (folder / path.name).write_text(flows + MORE.get(path.stem, "") + mark + rest, encoding="utf-8")
    with RunningDemo("--rate-limits", "off", "--no-latency", "--policies", str(folder)) as running:
        yield running


def counted(demo: RunningDemo) -> Counter[str]:
    """Decisions by point, of all processes."""
    ready = demo.ready
    urls = [row["metrics"] for kind in ("cells", "edges") for row in ready[kind]]
    decisions: Counter[str] = Counter()
    for url in (*urls, ready["directory"]["http"] + "/metrics"):
        for code, point, number in COUNTED.findall(httpx2.get(url, timeout=10).text):
            assert code
            decisions[point] += int(float(number))
    return decisions


def asked_since(demo: RunningDemo, before: Counter[str]) -> set[str]:
    """Points that asked since then."""
    return set(counted(demo) - before)


@pytest.mark.reaches(*OF_HOMES)
def test_homes_are_asked_about_when_residents_are_placed(ruled: RunningDemo) -> None:
    assert set(OF_HOMES) <= set(counted(ruled))


@pytest.mark.reaches("edge.transit", "cell.edge.transit", "cell.edge.disclose")
def test_a_call_through_an_edge_abroad_is_asked_about_by_both(ruled: RunningDemo) -> None:
    before, anna = counted(ruled), person(ruled, "acme", "owner")
    with Plain(ruled.edge("iad"), anna.token) as plain:
        assert plain.done("auth.test")
    assert {"edge.transit", "cell.edge.transit", "cell.edge.disclose"} <= asked_since(ruled, before)


@pytest.mark.reaches("edge.file.transit", "cell.file.transit", "cell.file.disclose")
def test_a_file_through_an_edge_abroad_is_asked_about_by_both(ruled: RunningDemo) -> None:
    before, anna = counted(ruled), person(ruled, "acme", "owner")
    channel = ruled.workspace("acme")["channels"]["general"]
    sent = web(ruled.edge("iad"), anna.token).files_upload_v2(channel=channel, content=b"abc", filename="a")
    assert {"edge.file.transit", "cell.file.transit"} <= asked_since(ruled, before)
    path = sent["files"][0]["url_private"].split("/files-pri/", 1)[1]
    with Plain(ruled.edge("iad"), anna.token) as plain:
        assert plain.send("GET", f"{plain.url}/files-pri/{path}").body == b"abc"
    assert "cell.file.disclose" in asked_since(ruled, before)


@pytest.mark.reaches("edge.elsewhere.transit", "edge.elsewhere.file.transit")
def test_where_else_it_may_pass_is_asked_when_it_may_not_pass_here(ruled: RunningDemo) -> None:
    before = counted(ruled)
    with Plain(ruled.edge("bom"), person(ruled, "acme", "owner").token) as plain:
        refused = plain.patient("auth.test")
        assert refused.status in (403, 421) or refused.error
    assert "edge.elsewhere.transit" in asked_since(ruled, before)
    assert "edge.elsewhere.file.transit" not in asked_since(ruled, before)
    american = person(ruled, "globex", "owner")
    with Plain(ruled.edge("bom"), american.token) as plain:
        offer = plain.done("files.getUploadURLExternal", filename="a", length=3)
        assert plain.send("POST", offer["upload_url"], content=b"abc").status >= 400
    assert "edge.elsewhere.file.transit" in asked_since(ruled, before)


SEARCH = (
    "cell.search.here",
    "cell.search.foreseen",
    "cell.query.sent",
    "cell.query.received",
    "cell.answer.begun",
    "cell.answer.sent",
    "cell.answer.received",
)


@pytest.mark.reaches(*SEARCH)
def test_a_search_over_two_cells_is_asked_about_at_each_step(ruled: RunningDemo) -> None:
    before, word = counted(ruled), fresh_word()
    told(ruled, "acme", f"the {word} plan")
    indexed(ruled, "acme", word)
    with Plain(ruled.edge("iad"), ruled.visitor()[1]["token"]) as plain:
        answer = plain.done("ext.search", query=word)
    assert [match["x_cell"] for match in answer["matches"]] == ["de-fra"]
    assert set(SEARCH) <= asked_since(ruled, before)


def test_whatever_asked_stands_in_a_table(ruled: RunningDemo) -> None:
    assert set(counted(ruled)) <= set(enforcement.points())
