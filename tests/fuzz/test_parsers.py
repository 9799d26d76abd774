"""Readers return a value or raise the one error that they name, in time and in bounds."""

import ast
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.architecture.sources import PACKAGES, modules
from tests.fuzz import cell, federation, reports, resting, tools
from tests.support.fuzzing import (
    GROWTH_BYTES_MAX,
    KINDS_OF_EDITS,
    PIECES,
    Edit,
    Target,
    edited,
    growth_bytes,
    hunt,
    judge,
)

TARGETS = federation.TARGETS | tools.TARGETS | cell.TARGETS | reports.TARGETS | resting.TARGETS
# Functions with the name of a reader that read nothing from elsewhere.
NO_READERS = {
    "accord.runtime.rpc_client.open_channel": "dials an address from the settings",
    "deploy.testing.check": "runs a checker of the house",
    "residency_policies.packs.making.read": "reads the two files that stand beside it",
    "directory.adapters.sql.rows.from_column": "splits what the store itself joined",
    "regional_cell.domain.commands.people.open_session": "decides a command",
}
READER = re.compile(r"(parse|read|decode|verify|open|unwrap|load|check|from)(_|$)|unb64url$")
TEXTS = {"bytes", "str", "str | bytes", "bytes | str"}
LONG_S = 60.0
EXAMPLES = 80

EDITS: st.SearchStrategy[list[Edit]] = st.lists(
    st.tuples(
        st.integers(0, KINDS_OF_EDITS - 1),
        st.integers(0, 65_535),
        st.integers(0, 65_535),
        st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)),
    ),
    min_size=1,
    max_size=9,
)


def readers(path: str, source: str) -> Iterator[str]:
    """Public functions of a module that by their names and first arguments read texts or bytes."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and READER.match(node.name) and node.args.args:
            annotation = node.args.args[0].annotation
            if annotation is not None and ast.unparse(annotation) in TEXTS:
                yield f"{path.removesuffix('.py').replace('/', '.')}.{node.name}"


def test_every_reader_of_the_product_has_a_target() -> None:
    found = {name for path, source in modules(*PACKAGES) for name in readers(path, source)}
    fed = {name for target in TARGETS.values() for name in target.reads}
    assert len(found) > 30
    assert not sorted(found - fed - NO_READERS.keys()), "give it a target in tests/fuzz"
    assert NO_READERS.keys() <= found


def test_a_reader_without_a_target_is_found() -> None:
    source = "def parse_thing(data: bytes) -> int: ...\ndef other(a: int) -> int: ...\ndef read(): ...\n"
    assert list(readers("edge/domain/x.py", source)) == ["edge.domain.x.parse_thing"]


def test_a_reader_that_breaks_a_promise_is_found() -> None:
    def index(data: bytes) -> int:
        return data[40]

    with pytest.raises(AssertionError, match="seed 1"):
        hunt(Target(("x.index",), [bytes(41)], index), 1, 5)
    with pytest.raises(AssertionError, match="two inputs"):
        judge(Target(("x.strip",), [b"a"], bytes.strip, write=bytes), b" a")


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_golden_inputs_are_taken(name: str) -> None:
    target = TARGETS[name]
    assert target.golden
    assert all(judge(target, data) for data in target.golden)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_whatever_comes_is_taken_or_refused_by_name(name: str) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(list(target.golden)), EDITS)
    def feed(data: bytes, edits: list[Edit]) -> None:
        judge(target, edited(data, edits))

    feed()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_piece_in_any_place_makes_memory_grow_without_bound(name: str) -> None:
    target = TARGETS[name]
    inputs = [
        data[:at] + piece + data[at:]
        for data in target.golden
        for piece in PIECES
        for at in (0, len(data) // 2, len(data))
    ]
    assert growth_bytes(lambda: [judge(target, data) for data in inputs]) < GROWTH_BYTES_MAX


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_minute_of_edits_of_edits_finds_nothing(name: str) -> None:
    tried, _ = hunt(TARGETS[name], 20_263, LONG_S)
    assert tried > 1_000
