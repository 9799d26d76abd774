"""The directory holds ids, codes and blind indexes: no readable name, address, number or text of anybody."""

import re
import sqlite3
from pathlib import Path

import pytest

from accord.ids import kind_of
from directory.adapters.sql.classes import CLASSES
from residency_policies.vocabulary import CLASS_GROUPS
from tests.support.federation import RunningDemo
from tests.support.hunt import Hunter, columns_of

pytestmark = pytest.mark.timeout(600)

DATABASE = "directory/data/directory.db"
# Columns in which text stands that we did not choose word by word: what may stand in them.
FORMS = {
    "placements.resident": re.compile(r"[TEP][0-9A-HJKMNP-TV-Z]{12}"),
    "claims.resident": re.compile(r"[TEP][0-9A-HJKMNP-TV-Z]{12}"),
    "placements.establishment": re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?"),
    "claims.attribute": re.compile(r"email|phone|slug"),
    "claims.jurisdiction": re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?"),
    "placements.subjects": re.compile(r'\[("[A-Z]{2}(-[A-Z0-9]{1,3})?"(,"[A-Z]{2}(-[A-Z0-9]{1,3})?")*)?\]'),
    "placements.tags": re.compile(r"\[\]"),
}
PERSONAL = {*CLASS_GROUPS["content"], *CLASS_GROUPS["identity"], *CLASS_GROUPS["derived"]}


def test_every_column_of_the_real_database_has_a_declared_class(demo: RunningDemo) -> None:
    path = demo.data_dir / DATABASE
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    schema = {
        table: {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        for (table,) in tables
        if not table.startswith("sqlite_")
    }
    connection.close()
    assert schema == {table: set(columns) for table, columns in CLASSES.items()}
    # Officers are no users: what signs them in is theirs, under names that operators made up.
    held = {table: set(columns.values()) & PERSONAL for table, columns in CLASSES.items()}
    assert {table: classes for table, classes in held.items() if classes} == {"officers": {"credential"}}


def test_no_name_address_or_number_of_the_seeded_people_is_in_any_column(demo: RunningDemo) -> None:
    known: dict[bytes, str] = {}
    for person in demo.ready["people"]:
        for member in ("email", "name", "password", "token"):
            if len(person[member]) >= 8:
                for spelled in (person[member], person[member].lower(), person[member].upper()):
                    known[spelled.encode()] = member
    for workspace in demo.ready["workspaces"]:
        known.update({name.encode(): "channel" for name in workspace["channels"] if len(name) >= 8})
    known.update(dict.fromkeys((b"Acme Werke", b"Acme Group", b"Globex Works", b"de.example"), "title"))
    hunter = Hunter(known)
    assert {"email", "name", "token", "channel"} <= set(known.values())
    found = hunter.in_file(demo.data_dir / DATABASE, DATABASE)
    assert not found, sorted({f"{find.place}: {find.label}" for find in found})


@pytest.mark.parametrize("column", FORMS)
def test_a_column_of_text_holds_what_it_may_and_nothing_else(demo: RunningDemo, column: str) -> None:
    values = columns_of(demo.data_dir / DATABASE)[column].split(b"\0")
    assert len(values) > 10
    wrong = [value for value in values if not FORMS[column].fullmatch(value.decode())]
    assert not wrong, f"{len(wrong)} of {len(values)}"


def test_a_claim_is_32_bytes_under_a_key_that_the_directory_does_not_have(demo: RunningDemo) -> None:
    connection = sqlite3.connect(f"file:{demo.data_dir / DATABASE}?mode=ro", uri=True)
    rows = connection.execute("SELECT blind_index, key_id, resident FROM claims").fetchall()
    connection.close()
    assert len(rows) >= len({person["email"] for person in demo.ready["people"]})
    assert {len(index) for index, _, _ in rows} == {32}
    assert {kind_of(resident) for _, _, resident in rows} <= {"T", "E", "P"}
    held = {path.name for path in (demo.data_dir / "directory" / "secrets").iterdir()}
    assert held == {"keys__routes_seed", "keys__bundle_seed", "keys__log_seed", "keys__officers_key"}


def test_the_journals_of_edges_and_cells_hold_no_claim(demo: RunningDemo) -> None:
    connection = sqlite3.connect(f"file:{demo.data_dir / DATABASE}?mode=ro", uri=True)
    indexes = [row[0] for row in connection.execute("SELECT blind_index FROM claims")]
    connection.close()
    hunter = Hunter(dict.fromkeys(indexes, "claim"))
    assert hunter.in_file(demo.data_dir / DATABASE, DATABASE), "they are found where they may be"
    for folder in ("edges", "cells", "logs"):
        found = hunter.in_folder(Path(demo.data_dir) / folder)
        assert not found, {find.place for find in found}
