"""Resolved rules: what documents come to at one instant, as plain sets. Read by interpreter and compiler.

Meaning of places
    A flow has two places: that of its destination region, and, where data is shown to a human
    (`vocabulary.SHOWING`, relation other than system), that of the viewer.
    * A permit with `to` needs every place inside; a deny or a requirement matches when any place is caught.
    * With `viewer_countries` the viewer is tested against that list and `to` speaks of the region alone.
    * An unknown country (ZZ) is inside no permit, unless `viewer_countries` names ZZ, and is caught by every
      deny.
    * A ground (an instrument, adequacy) lifts a deny for the places that it reaches. Each place that is
      caught needs a ground of its own, and a ground never reaches ZZ.
"""

from dataclasses import dataclass
from typing import Literal

from residency_policies.decision import Because
from residency_policies.vocabulary import Code

Set = frozenset[str]
Effect = Literal["permit", "deny", "require", "lapsed"]


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a deny does not count for some places: an instrument, adequacy, a waiver. None in a set means every
    value.

    `when` are facts of the question that must hold; `instruments` are ids, or empty; `ended` grounds
    lift nothing any more and give the denial its code.
    """

    instruments: tuple[str, ...]
    ops: Set | None
    classes: Set | None
    places: Set
    when: Set
    text: str
    cite: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A resolved rule. None in a set means every value. `layer` is a place in the layers of its stack.

    `lapsed` is a permit whose instrument or fact has ended or not begun: it allows nothing and says why.
    `instrument`: the one under which a permit stands. `grounds` and `ended` belong to a deny, with
    `mechanisms`, the types of instrument that could lift it; such a deny has `places`.
    """

    layer: int
    effect: Effect
    because: Because
    code: Code
    ops: Set
    classes: Set
    src: Set | None
    places: Set | None
    viewer_countries: Set | None
    viewers: Set | None
    purposes: Set | None
    when: Set
    unless: tuple[Set, ...]
    obligations: Set
    placement: bool = False
    instrument: str = ""
    grounds: tuple[Ground, ...] = ()
    ended: tuple[Ground, ...] = ()
    mechanisms: tuple[str, ...] = ()

    @property
    def liftable(self) -> bool:
        """Whether grounds speak of it."""
        return bool(self.mechanisms or self.grounds or self.ended)

    @property
    def facts(self) -> Set:
        """Facts of the question that it tests."""
        groups = [self.when, *self.unless, *(ground.when for ground in (*self.grounds, *self.ended))]
        return frozenset(fact for group in groups for fact in group)


def is_more_specific(one: Rule, other: Rule) -> bool:
    """Whether the match set of one matching permit lies strictly inside the other's.

    Permits of different layers are not compared: an inner layer cannot shed what an outer one demands. A
    placement entry stands for one permit per operation, class and purpose. It outranks a flow only where the
    flow reaches further than the placement, so that an obligation on a crossing does not fall on what stays
    at home.
    """
    if one.layer != other.layer:
        return False
    if one.placement and not other.placement:
        wider = one.places is not None and (other.places is None or one.places < other.places)
        return wider and _inside(one, other, at_point=True)
    if other.placement and not one.placement:
        return False
    return _inside(one, other, False) and not _inside(other, one, False)


def _inside(one: Rule, other: Rule, at_point: bool) -> bool:
    point = at_point or (
        one.ops <= other.ops and one.classes <= other.classes and _within(one.purposes, other.purposes)
    )
    return (
        point
        and _within(one.src, other.src)
        and _within(one.places, other.places)
        and _within(_viewers_at(one), _viewers_at(other))
        and _within(one.viewers, other.viewers)
        and one.when >= other.when
        and (not other.unless or one.unless == other.unless)
    )


def _viewers_at(rule: Rule) -> Set | None:
    return rule.viewer_countries if rule.viewer_countries is not None else rule.places


def _within(one: Set | None, other: Set | None) -> bool:
    return other is None or (one is not None and one <= other)
