"""Sets of assignments of facts, said as few conditions: which facts hold and which do not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """Facts that hold and facts that do not; the others do not matter."""

    holds: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = [*self.holds, *(f"not {fact}" for fact in self.never)]
        return f" when {' and '.join(said)}" if said else ""


def conditions_of(facts: Sequence[str], assignments: Iterable[int]) -> tuple[Condition, ...]:
    """Conditions that together are exactly the assignments; bit i says whether `facts[i]` holds."""
    left = set(assignments)
    cubes = {(bits, 0) for bits in left}  # bits, and a mask of facts that do not matter
    primes: set[tuple[int, int]] = set()
    while cubes:
        merged: set[tuple[int, int]] = set()
        used: set[tuple[int, int]] = set()
        for bits, free in cubes:
            for place in range(len(facts)):
                other = (bits ^ (1 << place), free)
                if not free >> place & 1 and other in cubes:
                    merged.add((bits & ~(1 << place), free | 1 << place))
                    used |= {(bits, free), other}
        primes |= cubes - used
        cubes = merged
    chosen: list[tuple[int, int]] = []
    for bits, free in sorted(primes, key=lambda one: (-one[1].bit_count(), one)):
        covered = {one for one in left if one & ~free == bits & ~free}
        if covered:
            chosen.append((bits, free))
            left -= covered
    return tuple(sorted(_condition(facts, bits, free) for bits, free in chosen))


def _condition(facts: Sequence[str], bits: int, free: int) -> Condition:
    told = [(fact, bits >> place & 1) for place, fact in enumerate(facts) if not free >> place & 1]
    return Condition(
        tuple(fact for fact, held in told if held), tuple(fact for fact, held in told if not held)
    )
