"""The search index of a cell is lost: searches say what they miss, and chat does not notice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.waiting import until

FOUND_S = 60.0


def index_of(demo: RunningDemo) -> Path:
    """The index of the German cell."""
    return demo.data_dir / "cells" / "de-fra" / "data" / "search.db"


def gone(index: Path) -> None:
    """Nothing is left of it."""
    for file in index.parent.glob(f"{index.name}*"):
        file.unlink()


def damaged(index: Path) -> None:
    """Every page but the first is something else."""
    with index.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (index.stat().st_size - 4096))


def in_the_way(index: Path) -> None:
    """It can be neither opened nor made."""
    gone(index)
    index.mkdir()


@pytest.mark.fault("F33")
@pytest.mark.parametrize("harm", [gone, damaged, in_the_way])
def test_a_cell_without_its_index_serves_and_makes_it_anew(
    hurt: RunningDemo, fault: str, harm: Callable[[Path], None]
) -> None:
    """Under load a cell comes back with its index gone, damaged, or not to be opened: it serves, no search
    that calls itself complete lacks a message, and the index is there again by itself. The verdict is clean.
    """
    index = index_of(hurt)
    with Load(hurt, fault) as load:
        with load.fault(f"index {harm.__name__}", "de-fra"):
            hurt.kill("de-fra")
            harm(index)
            hurt.companion("start", "de-fra")
            load.goes_on()
            if index.is_dir():
                index.rmdir()
        until(lambda: index.is_file() and index.stat().st_size > 0, FOUND_S, "there is an index again")
        load.goes_on()
    assert load.verdict().violations == [], load.story
    with Plain(hurt.edge("fra"), load.people[0].token) as plain:
        until(
            lambda: plain.done("search.messages", query="end")["messages"]["total"] > 0,
            FOUND_S,
            "it holds what was said",
        )
