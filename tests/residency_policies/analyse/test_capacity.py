"""Capacity: everything is placed when it can be, and what cannot be has its bottleneck named."""

import itertools
import random

from residency_policies.analyse.capacity import Group, capacity_findings, shortages
from residency_policies.analyse.cells import Cell, single_cell_places
from tests.residency_policies.support import compiled, policy

TB = 10**12
BYTES = "bytes"


def cell(name: str, free: int, place: str = "DE", active: bool = True) -> Cell:
    return Cell(name, f"region-{name}", place, active, {BYTES: free})


def test_the_full_cells_and_what_needs_them_are_named() -> None:
    cells = [cell("de-fra", TB), cell("de-ber", TB // 5), cell("us-iad", 90 * TB, "US")]
    groups = [
        Group("in DE", ("de-fra", "de-ber"), {BYTES: 34 * TB // 10}),
        Group("anywhere", ("de-fra", "us-iad"), {BYTES: 20 * TB}),
    ]
    (document,) = (one for one in compiled(policy()).policies)
    (finding,) = capacity_findings(document, groups, cells)
    assert (finding.code, finding.sentence) == (
        "E-CAPACITY", "de-ber, de-fra has 1.2 TB free; the affected workspaces (in DE) need 3.4 TB",
    )  # fmt: skip


def test_groups_make_way_for_each_other() -> None:
    cells = [cell("a", 10), cell("b", 10)]
    groups = [Group("either", ("a", "b"), {BYTES: 10}), Group("only a", ("a",), {BYTES: 10})]
    assert shortages(groups, cells) == ()


def test_a_cell_that_is_not_active_holds_nothing_and_an_unnamed_resource_is_no_limit() -> None:
    groups = [Group("all", ("a", "b"), {BYTES: 5, "requests": 7})]
    assert shortages(groups, [cell("a", 5), cell("b", 5, active=False)]) == ()
    (short,) = shortages(groups, [cell("b", 5, active=False)])[:1]
    assert str(short) == "no cell has 0 bytes free; the affected workspaces (all) need 5 bytes"


def test_what_is_placed_is_as_much_as_any_choice_could_place() -> None:
    chance = random.Random(5)
    for _ in range(60):
        cells = [cell(name, chance.randint(0, 4)) for name in "abc"]
        groups = [
            Group(f"g{number}", tuple(chance.sample("abc", chance.randint(0, 3))), {BYTES: 1})
            for number in range(chance.randint(1, 5))
        ]
        free = {one.id: one.free[BYTES] for one in cells}
        fits = any(
            all(choice.count(name) <= free[name] for name in "abc")
            for choice in itertools.product(*(group.cells for group in groups))
        )
        assert (shortages(groups, cells) == ()) == fits


def test_places_with_one_cell_are_named() -> None:
    cells = [cell("a", 1), cell("b", 1), cell("c", 1, "IN"), cell("d", 1, "IN", active=False)]
    assert single_cell_places(cells) == ("IN",)
