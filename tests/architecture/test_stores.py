"""Everything that keeps something or passes it on declares exactly one class of the vocabulary."""

import sqlite3
from copy import deepcopy
from pathlib import Path

import pytest
import sqlalchemy as sa

from accord.runtime.metrics import LABELS, METRICS, Metric
from docs import found, queues, stores
from docs.found import Names
from tests.architecture.sources import ROOT

PLANTED = """
from functools import lru_cache

class Outer:
    def __init__(self, path):
        self._kept: dict[str, str] = {}
        self._several, local = set(), {}
        short = {}

    def write(self, path):
        with path.open("ab") as file:
            get_logger().info("written", colour="red")
        return path.open("rb")

    def talk(self):
        self._intercom.tell(SUBJECT, b"")

@lru_cache(maxsize=3)
def known(word): ...
"""


@pytest.fixture(scope="module")
def there() -> Names:
    """Every store of the project."""
    return found.found(ROOT)


def faults(there: Names) -> list[str]:
    """What is wrong with these stores, by what the project declares."""
    return stores.faults(there, stores.classes(ROOT), stores.writers(stores.declared(ROOT)))


def test_every_store_declares_one_class_and_every_declaration_a_store(there: Names) -> None:
    assert min(len(names) for names in there.values()) > 3
    assert faults(there) == [], "give it a class: see the head of docs/stores.toml"


def test_what_one_module_keeps_is_found() -> None:
    assert found.found_in(PLANTED, "x.py") == {
        "memory": {"x.py::Outer._kept", "x.py::Outer._several", "x.py::known"},
        "file": {"x.py::Outer.write"},
        "topic": {"x.py::SUBJECT"},
        "log key": {"colour"},
    }


def planted(kind: str, folder: Path) -> str:
    """One store of that kind that nobody declared, found as the others are."""
    if kind == "table":
        with sqlite3.connect(folder / "cell.db") as connection:
            connection.execute("CREATE TABLE moods (mood TEXT)")
        return next(found.columns("cell", sa.create_engine(f"sqlite:///{folder / 'cell.db'}")))
    if kind == "metric label":
        return next(
            iter(found.labels({"moods": Metric("counter", "Moods.", ("mood",))} | METRICS) - set(LABELS))
        )
    if kind == "queue":
        return next(queues.buffers_of("moods = deque()", "x.py"))
    if kind in ("event", "stream"):
        return f"Mood{kind}"
    return sorted(found.found_in(PLANTED, "x.py")[kind])[0]


@pytest.mark.parametrize(
    "kind", ["table", "event", "topic", "stream", "memory", "queue", "file", "log key", "metric label"]
)
def test_an_undeclared_store_of_each_kind_is_a_fault(kind: str, there: Names, tmp_path: Path) -> None:
    more = deepcopy(there)
    name = planted(kind, tmp_path)
    more[kind].add(name)
    assert faults(more) == [f"{kind}: {name} declares no data class"]


def test_a_declaration_without_a_store_and_a_word_that_is_no_class_are_faults(there: Names) -> None:
    known = stores.classes(ROOT)
    known["memory"]["x.py::Gone._kept"] = "gossip"
    assert stores.faults(there, known, stores.writers(stores.declared(ROOT))) == [
        "memory: x.py::Gone._kept has the class gossip, which is none",
        "memory: x.py::Gone._kept is gone",
    ]


def test_a_place_has_one_class() -> None:
    twice = {"memory": {"telemetry": {"x.py::kept": "a"}, "token": {"x.py::kept": "b"}}}
    with pytest.raises(ValueError, match=r"two classes: x\.py::kept"):
        stores.read(twice)


def test_nothing_is_declared_where_its_class_may_not_be() -> None:
    assert stores.unlawful(stores.classes(ROOT)) == []


@pytest.mark.parametrize(
    ("kind", "name", "data_class"),
    [
        ("table", "directory: people.name", "profile_pii"),
        ("memory", "directory/services/people.py::People._names", "contact_identifier"),
        ("stream", "accord.wire.directory.v1.People/Watch", "message_body"),
        ("path", "directory/data/people", "backup"),
        ("log key", "text", "message_body"),
        ("log key", "page", "activity_log"),
        ("metric label", "user", "identifier_blind"),
    ],
)
def test_a_class_where_it_may_not_be_is_found(kind: str, name: str, data_class: str) -> None:
    assert stores.unlawful({kind: {name: data_class}}) == [f"{kind}: {name} is {data_class}"]


def test_a_file_of_no_kind_or_of_two_is_found() -> None:
    known = stores.declared(ROOT).files
    paths = ["cells/de-fra/data/cell.db-wal", "cells/de-fra/data/files/T1/ab", "cells/de-fra/data/core.17"]
    assert stores.strangers(paths, known) == ["cells/de-fra/data/core.17"]
    assert stores.strangers(paths[:1], (*known, stores.FileKind("cells/**", "backup", "", ()))) == paths[:1]
