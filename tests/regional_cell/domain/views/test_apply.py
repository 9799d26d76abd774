"""Every kind of event has one row, and the rows speak of columns that exist."""

import pytest

from regional_cell.domain.changes import Patch, Put
from regional_cell.domain.events import KINDS, Event
from regional_cell.domain.views.apply import APPLY, counters, merged
from regional_cell.domain.views.registry import VIEWS
from tests.regional_cell.stores import C1, T1


def test_every_kind_is_applied() -> None:
    assert APPLY.keys() == KINDS.keys()


def test_a_kind_that_is_missing_claimed_twice_or_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        merged({kind: rule for kind, rule in APPLY.items() if kind != "Opened"})
    with pytest.raises(ValueError, match="twice"):
        merged(APPLY, {"Opened": APPLY["Opened"]})
    with pytest.raises(ValueError, match="differ"):
        merged(APPLY, {"Forgotten": APPLY["Opened"]})


@pytest.mark.parametrize(
    ("role", "ends"), [("guest", True), ("single_channel_guest", True), ("member", False), ("admin", False)]
)
def test_who_is_no_guest_any_more_has_no_end_of_a_stay(role: str, ends: bool) -> None:
    event = Event(T1, 1, 1, "UserRoleSet", 1, 5, "", {"user": "U1", "role": role}, ())
    (change,) = APPLY["UserRoleSet"](event)
    assert isinstance(change, Patch)
    assert change.values["role"] == role
    assert ("due_s" in change.values) is not ends
    assert change.values.get("due_s") is None


def test_counters_of_topics_are_written_with_the_event() -> None:
    event = Event(T1, 1, 1, "AuditNoted", 1, 5, "", {}, ((C1, 7), (T1, 2)))
    assert counters([event]) == [Put("topics", (C1,), {"count": 7}), Put("topics", (T1,), {"count": 2})]


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_indexes_name_columns(view: str) -> None:
    found = VIEWS[view]
    names = {*found.key, *found.columns}
    assert all(set(columns) <= names for columns in (*found.indexes, *found.unique))
    assert found.content_class or "content" not in found.columns.values()
