"""Everything that data of one class can become and reach: the closure of moves and derivations."""

from collections import deque
from dataclasses import dataclass

from residency_policies.derivations import DERIVED, carriers
from residency_policies.prove.graph import Moves, bits


@dataclass(frozen=True, slots=True)
class Reached:
    """By leaf: a mask of spots in the platform's custody; pairs (spots, countries) in that of others."""

    platform: dict[str, int]
    human: dict[str, tuple[int, int]]
    authority: dict[str, tuple[int, int]]


def reach(moves: Moves, source: str, start: int) -> Reached:
    """What class `source` at the spots of `start` can reach; the start is in it."""
    found = {source: start}
    waiting = [(source, start)]
    while waiting:
        leaf, fresh = waiting.pop()
        steps = [(leaf, moves.arrived(leaf, fresh)), *((made, fresh) for made in DERIVED[leaf])]
        for target, mask in steps:
            new = mask & ~found.get(target, 0)
            if new:
                found[target] = found.get(target, 0) | new
                waiting.append((target, new))
    ends = [(leaf, *moves.shown(leaf, spots)) for leaf, spots in found.items()]
    return Reached(
        found,
        {leaf: human for leaf, human, _ in ends if human[0]},
        {leaf: authority for leaf, _, authority in ends if authority[0]},
    )


def reach_all(moves: Moves) -> dict[tuple[str, int], Reached]:
    """The closure of every class from every spot."""
    return {
        (leaf, spot): reach(moves, leaf, 1 << spot)
        for leaf in moves.classes
        for spot in range(len(moves.spots))
    }


Node = tuple[str, int]


def platform_path(moves: Moves, source: str, start: int) -> dict[Node, Node | None]:
    """Breadth first: by node, the node before it on a shortest path from the start."""
    before: dict[Node, Node | None] = {(source, spot): None for spot in bits(start)}
    queue = deque(before)
    while queue:
        leaf, spot = node = queue.popleft()
        nexts = [(made, spot) for made in sorted(DERIVED[leaf])]
        for form in (leaf, *sorted(carriers(leaf))):
            nexts += [(leaf, arrived) for arrived in bits(moves.platform[moves.place(form, spot)])]
        for follower in nexts:
            if follower not in before:
                before[follower] = node
                queue.append(follower)
    return before
