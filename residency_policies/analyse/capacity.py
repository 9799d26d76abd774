"""Whether cells can hold what may be placed in them: a largest flow from workspaces to cells, by resource.

Groups of workspaces may go to some of the cells; each cell has so much left. What cannot be placed has a
bottleneck: cells that are full, and groups that may go nowhere else.
"""

import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from residency_policies.analyse.cells import Cell
from residency_policies.errors import Finding
from residency_policies.model import NOWHERE, Policy

Edges = dict[str, dict[str, int]]
_UNITS = ((10**15, "PB"), (10**12, "TB"), (10**9, "GB"), (10**6, "MB"))


@dataclass(frozen=True, slots=True)
class Group:
    """Workspaces that may go to the same cells, and what they need in sum, by resource."""

    name: str
    cells: tuple[str, ...]
    needs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shortage:
    """A resource that does not suffice: in these cells, for these groups, so much of it."""

    resource: str
    cells: tuple[str, ...]
    groups: tuple[str, ...]
    free: int
    needed: int

    def to_json(self) -> dict[str, object]:
        """With its code and its sentence."""
        return {
            "code": "E-CAPACITY",
            "resource": self.resource,
            "cells": list(self.cells),
            "groups": list(self.groups),
            "free": self.free,
            "needed": self.needed,
            "text": str(self),
        }

    def __str__(self) -> str:
        where = ", ".join(self.cells) or "no cell"
        have, want = (amount_text(self.resource, amount) for amount in (self.free, self.needed))
        return f"{where} has {have} free; the affected workspaces ({', '.join(self.groups)}) need {want}"


def amount_text(resource: str, amount: int) -> str:
    """An amount with its unit: bytes in steps of a thousand, other resources by name."""
    if not resource.endswith("bytes"):
        return f"{amount} {resource}"
    for size, unit in _UNITS:
        if amount >= size:
            return f"{amount / size:.1f} {unit}"
    return f"{amount} bytes"


def shortages(groups: Iterable[Group], cells: Iterable[Cell]) -> tuple[Shortage, ...]:
    """Every resource that does not suffice, with its bottleneck; empty when everything can be placed."""
    held = tuple(groups)
    active = tuple(cell for cell in cells if cell.active)
    resources = sorted({name for group in held for name in group.needs})
    found = (_shortage(name, held, active) for name in resources)
    return tuple(one for one in found if one is not None)


def capacity_findings(policy: Policy, groups: Sequence[Group], cells: Sequence[Cell]) -> list[Finding]:
    """E-CAPACITY for each resource that does not suffice for the policy's workspaces, at its first entry."""
    at = policy.placement[0].at if policy.placement else NOWHERE
    change = "Add cells, or move fewer workspaces."
    return [
        Finding(policy.id, *at, "E-CAPACITY", "placement", str(one), change)
        for one in shortages(groups, cells)
    ]


def _shortage(resource: str, groups: Sequence[Group], cells: Sequence[Cell]) -> Shortage | None:
    total = sum(group.needs.get(resource, 0) for group in groups)
    # A cell that does not name the resource is not limited by it.
    free = {cell.id: cell.free.get(resource, total) for cell in cells}
    left: Edges = {"source": {}, "sink": {}}
    for number, group in enumerate(groups):
        left["source"][f"g{number}"] = group.needs.get(resource, 0)
        left[f"g{number}"] = {f"c{name}": total for name in group.cells if name in free}
    for name, amount in free.items():
        left.setdefault(f"c{name}", {})["sink"] = amount
    moved = 0
    while path := _path(left):
        moved += _push(left, path)
    if moved >= total:
        return None
    reached = _reached(left)
    stuck = [group for number, group in enumerate(groups) if f"g{number}" in reached]
    full = sorted(name for name in free if f"c{name}" in reached)
    return Shortage(
        resource,
        tuple(full),
        tuple(group.name for group in stuck),
        sum(free[name] for name in full),
        sum(group.needs.get(resource, 0) for group in stuck),
    )


def _push(left: Edges, path: list[str]) -> int:
    amount = min(left[one][other] for one, other in itertools.pairwise(path))
    for one, other in itertools.pairwise(path):
        left[one][other] -= amount
        left[other][one] = left[other].get(one, 0) + amount
    return amount


def _reached(left: Edges) -> dict[str, str]:
    """Nodes that can still take more, each with the node before it."""
    before = {"source": ""}
    queue = deque(["source"])
    while queue:
        node = queue.popleft()
        for other, amount in left[node].items():
            if amount > 0 and other not in before:
                before[other] = node
                queue.append(other)
    return before


def _path(left: Edges) -> list[str]:
    before = _reached(left)
    if "sink" not in before:
        return []
    path = ["sink"]
    while path[0] != "source":
        path.insert(0, before[path[0]])
    return path
