"""Terms of keeping: what all layers of a stack together want for each class, and who wants it.

A minimum of any layer holds, and so does a maximum: the longest minimum and the shortest maximum count.
Terms that count from different moments are not compared.
"""

from dataclasses import dataclass

from residency_policies.model import Retention
from residency_policies.resolve import classes_of
from residency_policies.stack import Stack


@dataclass(frozen=True, slots=True)
class Wanted:
    """One bound in days, and the clause that sets it."""

    days: int
    document: str
    clause: Retention


@dataclass(frozen=True, slots=True)
class Term:
    """How long a class is kept, counted from `after`; None where no layer sets that bound."""

    data_class: str
    after: str
    low: Wanted | None
    high: Wanted | None

    @property
    def possible(self) -> bool:
        """Whether some term keeps both bounds."""
        return self.low is None or self.high is None or self.low.days <= self.high.days


def terms_of(stack: Stack) -> tuple[Term, ...]:
    """Terms of a stack by class and start, in the order of their names."""
    lows: dict[tuple[str, str], Wanted] = {}
    highs: dict[tuple[str, str], Wanted] = {}
    floors = [(floor.id, clause) for floor in stack.binding for clause in floor.retention]
    policies = [(policy.id, clause) for policy in stack.policies for clause in policy.retention]
    for document, clause in (*floors, *policies):
        low, high = clause.min_days, clause.max_days
        for leaf in classes_of(clause.classes):
            key = (leaf, clause.after)
            if low is not None and (key not in lows or lows[key].days < low):
                lows[key] = Wanted(low, document, clause)
            if high is not None and (key not in highs or highs[key].days > high):
                highs[key] = Wanted(high, document, clause)
    keys = sorted({*lows, *highs})
    return tuple(Term(leaf, after, lows.get((leaf, after)), highs.get((leaf, after))) for leaf, after in keys)
