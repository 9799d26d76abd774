"""Bytes of a resident outside its home are those that a policy allowed and both ledgers booked: with the
built-in policies and nobody abroad among the readers, there are none.
"""

import pytest

from tests.residency.home import Home
from tests.residency.planting import HOME, Planted
from tests.residency.sinks import (
    CLAIMS,
    HOME_FOLDER,
    elsewhere,
    hunter,
    leaks,
    leaks_of_processes,
    mentions,
    shown,
)
from tests.support.canaries import Form
from tests.support.federation import RunningDemo
from tests.support.hunt import Hunter
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def everything(planted: Planted) -> Hunter[Form]:
    """A hunter for all canaries."""
    return hunter(planted.canaries.values(), planted.keys)


@pytest.fixture(scope="module")
def home(demo: RunningDemo, planted: Planted) -> Home:
    """The German cell with everything planted, as it rests while it runs."""
    return Home(demo.data_dir / HOME_FOLDER)


def test_every_canary_that_rests_is_found_at_home_by_the_reader_with_the_keys(
    demo: RunningDemo, planted: Planted
) -> None:
    plain = hunter(planted.resting.values(), ())

    def missing() -> set[str]:
        opened = b"\n".join(text for _, text in Home(demo.data_dir / HOME_FOLDER).opened())
        return set(planted.resting) - {label.canary for label in plain.labels_in(opened)}

    until(lambda: not missing(), 60, "every canary rests at home")


# What the cell's store compares by: digests of files.
OPEN = {("file_body", "sha256 of value")}


def test_at_home_nothing_rests_readable_but_the_words_of_the_search_index(
    demo: RunningDemo, everything: Hunter[Form]
) -> None:
    folder = demo.data_dir / HOME_FOLDER
    readable = [
        find
        for find in everything.in_folder(folder)
        if not find.place.startswith("data/search.db") and (find.label.canary, find.label.name) not in OPEN
    ]
    assert not readable, shown(readable)


def test_the_search_index_at_home_is_where_words_are(
    demo: RunningDemo, planted: Planted, everything: Hunter[Form]
) -> None:
    def words() -> set[str]:
        index = demo.data_dir / HOME_FOLDER / "data" / "search.db"
        return {find.label.canary for find in everything.in_file(index, "search.db")}

    expected = {"message", "message_far", "edited_text", "private_message", "socket_message", "reply"}
    until(lambda: expected <= words(), 60, "messages are indexed at home")


def test_no_canary_is_elsewhere_while_the_processes_run(demo: RunningDemo, everything: Hunter[Form]) -> None:
    found = leaks(demo.data_dir, everything)
    assert not found, shown(found)


def test_no_process_shows_a_canary(demo: RunningDemo, everything: Hunter[Form]) -> None:
    found = leaks_of_processes(demo.ready, everything)
    assert not found, shown(found)


def test_the_claim_of_an_address_is_in_the_directory_as_a_blind_index_alone(
    demo: RunningDemo, everything: Hunter[Form]
) -> None:
    path = demo.data_dir / "directory/data/directory.db"
    found = {(find.place, find.label) for find in everything.in_file(path, "directory/data/directory.db")}
    assert (CLAIMS, Form("email", "blind index")) in found
    assert {label.canary for _, label in found} == {"email"}


def test_no_ciphertext_of_the_home_is_elsewhere(demo: RunningDemo, home: Home) -> None:
    ciphertexts = home.ciphertexts()
    assert len(ciphertexts) > 1_000
    looked_for = Hunter(ciphertexts)
    at_home = {
        find.label for find in looked_for.in_folder(demo.data_dir / HOME_FOLDER / "data") if not find.layers
    }
    assert at_home == set(ciphertexts.values()), "the reader finds at home what it looks for elsewhere"
    found = [find for path, place in elsewhere(demo.data_dir) for find in looked_for.in_file(path, place)]
    assert not found, shown(found)


def test_other_cells_name_residents_of_the_home_only_as_somebody_they_know_of(
    demo: RunningDemo, home: Home, planted: Planted
) -> None:
    named = mentions(demo.data_dir, home.residents)
    visitor_of = demo.workspace("acme")["id"]
    organisation = demo.ready["organisations"][0]["id"]
    # A person abroad knows the workspaces they are in, a workspace abroad the organisation it is in.
    assert named.pop("cells/us-iad/data/cell.db:links.workspace") == {visitor_of}
    assert named.pop("cells/us-iad/data/cell.db:workspaces.organisation") == {organisation}
    directory = {place for place in named if place.startswith("directory/data/directory.db:")}
    assert {named.pop(place) and place.partition(":")[2] for place in directory} <= {
        "placements.resident",
        "placements.idempotency_key",
        "placements.handover",
        "claims.resident",
        "reported_epochs.resident",
        "traffic_kinds.kind",
    }
    assert not named


def test_what_the_home_knows_of_the_person_is_elsewhere_in_no_row(
    demo: RunningDemo, planted: Planted
) -> None:
    named = mentions(demo.data_dir, [planted.user, planted.channel])
    assert not named


def test_home_is_the_cell_that_the_directory_names(demo: RunningDemo, home: Home, planted: Planted) -> None:
    assert demo.workspace("acme")["home"] == HOME
    assert {planted.person, demo.workspace("acme")["id"]} <= set(home.residents)
