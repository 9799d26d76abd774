"""What holds at one instant for one stack: asserted facts, workspace tags, instruments, adequacy.

Facts and instruments that have ended count against whoever relies on them: a permit's condition fails, a
deny's exception fails, a deny's condition still holds.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from residency_policies import vocabulary
from residency_policies.model import Exempt, FloorPack, Instrument, Policy, Waiver
from residency_policies.places import EVERYWHERE, countries_of
from residency_policies.rule import Ground, Set
from residency_policies.vocabulary import Code, leaves_of

# The kinds of evidence of which an instrument has to show one for a need of its law; the first is the usual.
_EVIDENCE = {"impact_assessment": ("tia",), "filing": ("filing",), "notification": ("filing",)}
_PAPERS = ("ref", "filing")


@dataclass(frozen=True, slots=True)
class _Choice:
    ground: Ground
    ended: bool


class World:
    """See above. `instruments` are those of documents of their own that count here beside those of the
    policies; the first of an id counts. `waivers` are those for the policy of the workspace.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        at_s: int,
        tags: Set,
        instruments: Iterable[Instrument] = (),
        waivers: Iterable[Waiver] = (),
    ) -> None:
        self.at_s, self.tags, self.waivers = at_s, tags, tuple(waivers)
        policies = tuple(policies)
        facts = [fact for policy in policies for fact in policy.facts]
        self.valid = frozenset(fact.id for fact in facts if fact.until_s > at_s)
        self.expired = frozenset(fact.id for fact in facts if fact.until_s <= at_s) - self.valid
        self.instruments: dict[str, Instrument] = {}
        for one in (*(one for policy in policies for one in policy.instruments), *instruments):
            self.instruments.setdefault(one.id, one)
        self.instants = [fact.until_s for fact in facts]
        for waiver in self.waivers:
            self.instants += [waiver.until_s] if waiver.from_s is None else [waiver.from_s, waiver.until_s]
        for one in self.instruments.values():
            self.instants += [one.until_s] if one.from_s is None else [one.from_s, one.until_s]

    def settle(self, group: Set, if_expired: bool) -> Set | None:
        """What is left of a condition to be tested in the question; None when it can never hold."""
        left: set[str] = set()
        for literal in group:
            if literal.startswith("workspace_tag:"):
                holds = literal.partition(":")[2] in self.tags
            elif literal in vocabulary.ASSERTED_FACTS:
                holds = literal in self.valid or (if_expired and literal in self.expired)
            else:
                left.add(literal)
                continue
            if not holds:
                return None
        return frozenset(left)

    def state(self, instrument: Instrument) -> Code:
        """OK while it counts; otherwise the code of the denial for whoever relies on it."""
        if instrument.until_s <= self.at_s:
            return "INSTRUMENT_EXPIRED"
        return "OK" if instrument.from_s is None or instrument.from_s <= self.at_s else "INSTRUMENT_MISSING"

    def waived(self, floor: FloorPack, clause: str) -> tuple[list[Ground], list[Ground]]:
        """Waivers of a clause that count now, as grounds that reach everywhere, and those that have ended."""
        now: list[Ground] = []
        ended: list[Ground] = []
        for one in self.waivers:
            begun = one.from_s is None or one.from_s <= self.at_s
            if floor.no_waiver or one.pack != floor.id or clause not in one.clauses or not begun:
                continue
            text = f"waived by {one.id}: {one.reason}"
            ground = Ground((), None, None, EVERYWHERE, frozenset(), text, f"counsel: {one.counsel}")
            (now if self.at_s < one.until_s else ended).append(ground)
        return now, ended

    def grounds(self, floor: FloorPack, exempts: Iterable[Exempt]) -> tuple[list[Ground], list[Ground]]:
        """Grounds that lift a deny of the pack now, and those that would but for something that ended."""
        now: list[Ground] = []
        ended: list[Ground] = []
        for exempt in exempts:
            if not exempt.mechanisms:
                continue
            when = self.settle(exempt.facts, if_expired=False)
            lapsed = self.settle(exempt.facts, if_expired=True) if when is None else None
            if when is None and lapsed is None:
                continue
            for choices in itertools.product(*(self._choices(floor, word) for word in exempt.mechanisms)):
                ground = _joined([one.ground for one in choices], when or lapsed or frozenset())
                fails = when is None or any(one.ended for one in choices)
                (ended if fails else now).append(ground)
        return now, ended

    def _choices(self, floor: FloorPack, mechanism: str) -> Iterator[_Choice]:
        if mechanism == "adequacy":
            # What is adequate is a fact of the law: no instrument of a customer makes it so.
            yield from self._adequacy(floor)
            return
        demands = {one.type: one for one in floor.mechanisms}.get(mechanism)
        needs = demands.needs if demands is not None else ()
        for one in self.instruments.values():
            state = self.state(one)
            if one.type != mechanism or state == "INSTRUMENT_MISSING" or lacking(one, needs):
                continue
            ops = frozenset(one.ops)
            if one.occasional or (demands is not None and demands.occasional):
                ops -= vocabulary.SYSTEMATIC
            classes = frozenset(leaf for word in one.classes for leaf in leaves_of(word))
            places = countries_of(one.to)
            text = f"satisfied by {one.id}"
            ground = Ground((one.id,), ops, classes, places, frozenset(), text, one.citation)
            yield _Choice(ground, state != "OK")

    def _adequacy(self, floor: FloorPack) -> Iterator[_Choice]:
        """One ground for all destinations of a citation, so that a table stays small."""
        now: dict[str, Set] = {}
        lapsed: dict[str, Set] = {}
        for entry in floor.adequacy:
            begun = entry.since_s is None or entry.since_s <= self.at_s
            over = entry.until_s is not None and entry.until_s <= self.at_s
            held = not entry.fact or entry.fact in self.valid
            if begun and held and not over:
                now[entry.citation] = now.get(entry.citation, frozenset()) | countries_of((entry.to,))
            elif begun and (over or entry.fact in self.expired):
                lapsed[entry.citation] = lapsed.get(entry.citation, frozenset()) | countries_of((entry.to,))
        for found, ended in ((now, False), (lapsed, True)):
            for cite, places in sorted(found.items()):
                ground = Ground((), None, None, places, frozenset(), "satisfied by adequacy", cite)
                yield _Choice(ground, ended)


def lacking(instrument: Instrument, needs: Iterable[str]) -> tuple[str, ...]:
    """What a law wants beside an instrument and its evidence does not show, sorted."""
    shown = {kind for kind, _ in instrument.evidence}
    return tuple(sorted(need for need in needs if not shown & set(evidence_of(need))))


def evidence_of(need: str) -> tuple[str, ...]:
    """Kinds of evidence that show a need, the usual one first."""
    return _EVIDENCE.get(need, _PAPERS)


def _joined(grounds: list[Ground], when: Set) -> Ground:
    """The ground that several mechanisms together make: where all of them reach."""
    first, *others = grounds
    for one in others:
        first = Ground(
            tuple(sorted({*first.instruments, *one.instruments})),
            _both(first.ops, one.ops),
            _both(first.classes, one.classes),
            first.places & one.places,
            frozenset(),
            f"{first.text} and {one.text.removeprefix('satisfied by ')}",
            "; ".join(dict.fromkeys((first.cite, one.cite))),
        )
    return Ground(first.instruments, first.ops, first.classes, first.places, when, first.text, first.cite)


def _both(one: Set | None, other: Set | None) -> Set | None:
    return other if one is None else one if other is None else one & other
