"""A stack: the layers that rule one kind of workspace at one instant, resolved to plain rules.

Both the interpreter and the compiler read a stack, so what is decided here is decided once: which floors
apply, which facts hold, which destinations are adequate, what a placement entry generates.

Meaning of places
    A flow has two places: the country of its destination region, and, where data is shown to a human
    (`vocabulary.SHOWING`, relation other than system), the country of the viewer.
    * A permit with `to` needs every place inside; a deny or a requirement matches when any place is caught.
    * With `viewer_countries` the viewer is tested against that list and `to` speaks of the region alone.
    * An unknown country (ZZ) is inside no permit, unless `viewer_countries` names ZZ, and is caught by every
deny. Facts that have expired count against whoever relies on them: a permit's condition fails, a deny's
exception fails, a deny's condition still holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from residency_policies import vocabulary
from residency_policies.decision import Because, Region
from residency_policies.model import Adequacy, AppliesTo, FloorPack, Flow, PlacementEntry, Policy
from residency_policies.places import ALL_COUNTRIES, countries_of
from residency_policies.vocabulary import CLASS_GROUPS, UNKNOWN_COUNTRY, Code, leaves_of

Set = frozenset[str]
_ZZ: Set = frozenset({UNKNOWN_COUNTRY})
_SECRETS: Set = frozenset(CLASS_GROUPS["secrets"])
_BACKUP: Set = frozenset({"backup"})
_SEARCHERS: Set = frozenset({"employee", "guest", "external", "system"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A resolved rule. None in a set means every value. `layer` counts floors from 0; the workspace is
    last.
    """

    layer: int
    effect: Literal["permit", "deny", "require"]
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


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers of one profile at `at_s`; they are constant until `boundary_s` (exclusive), if that is not
    None.
    """

    bundle: int
    policy: Policy
    rules: tuple[Rule, ...]
    regions: tuple[Region, ...]
    at_s: int
    boundary_s: int | None

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts of a question that some rule tests, sorted."""
        found = {fact for rule in self.rules for group in (rule.when, *rule.unless) for fact in group}
        return tuple(sorted(found))


def make_stack(
    bundle: int,
    policy: Policy,
    floors: Iterable[FloorPack],
    regions: Iterable[Region],
    at_s: int,
    establishment: str,
    subjects: Iterable[str] = (),
    tags: Iterable[str] = (),
) -> Stack:
    """Resolve the layers for one policy and the floors that apply to it. Total: documents are already
    valid.
    """
    asserted = AppliesTo(
        establishment=(establishment,),
        subjects=tuple(sorted({*policy.applies_to.subjects, *subjects})),
        tags=tuple(sorted({*policy.applies_to.tags, *tags})),
    )
    facts = _Facts(policy, at_s, frozenset(asserted.tags))
    rules: list[Rule] = []
    instants = [fact.until_s for fact in policy.facts]
    layer = 0
    for floor in sorted(floors, key=lambda pack: pack.id):
        applies, src = _applies(floor, asserted, policy.packs)
        if not applies:
            continue
        instants += [
            moment for entry in floor.adequacy for moment in (entry.since_s, entry.until_s) if moment
        ]
        for flow in floor.rules:
            rules += _floor_rules(floor, flow, layer, src, facts)
        layer += 1
    for entry in policy.placement:
        rules += _placement_rules(policy, entry, layer)
    for flow in policy.flows:
        rules += _resolved(_flow_rule(policy.id, policy.version, flow, layer, None), flow, facts, "DENIED")
    boundary = min((moment for moment in instants if moment > at_s), default=None)
    return Stack(bundle, policy, tuple(rules), tuple(sorted(regions, key=lambda r: r.id)), at_s, boundary)


def _applies(floor: FloorPack, asserted: AppliesTo, packs: Iterable[str]) -> tuple[bool, Set | None]:
    """Whether a floor applies, and, where it does only because of a region, to data from which countries."""
    rule = floor.applies_when
    by_right = (
        floor.id in packs
        or countries_of(rule.establishment) & countries_of(asserted.establishment)
        or countries_of(rule.subjects) & countries_of(asserted.subjects)
        or set(rule.tags) & set(asserted.tags)
    )
    if by_right:
        return True, None
    src = countries_of(rule.region)
    return bool(src), src


class _Facts:
    """Which literals hold at compile time for one policy, instant and set of workspace tags."""

    def __init__(self, policy: Policy, at_s: int, tags: Set) -> None:
        self.at_s = at_s
        self.tags = tags
        self.valid = frozenset(fact.id for fact in policy.facts if fact.until_s > at_s)
        self.expired = frozenset(fact.id for fact in policy.facts if fact.until_s <= at_s)

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

    def adequate(self, entries: Iterable[Adequacy]) -> tuple[Set, Set]:
        """Countries that are adequate now, and those that were or would be but for something that expired."""
        now: set[str] = set()
        lapsed: set[str] = set()
        for entry in entries:
            begun = entry.since_s is None or entry.since_s <= self.at_s
            ended = entry.until_s is not None and entry.until_s <= self.at_s
            if begun and not ended and (not entry.fact or entry.fact in self.valid):
                now |= countries_of((entry.to,))
            elif begun and (ended or entry.fact in self.expired):
                lapsed |= countries_of((entry.to,))
        return frozenset(now), frozenset(lapsed - now)


def _flow_rule(policy: str, version: int | str, flow: Flow, layer: int, src: Set | None) -> Rule:
    catches = flow.effect != "permit"
    places: Set | None = None
    if flow.to:
        places = countries_of(flow.to)
    elif flow.to_not:
        places = ALL_COUNTRIES - countries_of(flow.to_not)
    viewer_countries = countries_of(flow.viewer_countries) if flow.viewer_countries else None
    return Rule(
        layer=layer,
        effect=flow.effect,
        because=Because(policy, version, flow.id, flow.because, flow.citation),
        code="DENIED",
        ops=frozenset(flow.ops),
        classes=frozenset(leaf for word in flow.classes for leaf in leaves_of(word)),
        src=src,
        # An unknown country may be on any list, except on an empty one.
        places=places | _ZZ if catches and places else places,
        viewer_countries=viewer_countries | _ZZ
        if catches and viewer_countries is not None
        else viewer_countries,
        viewers=frozenset(flow.viewers) or None,
        purposes=frozenset(flow.purposes) or None,
        when=flow.when,
        unless=flow.unless_any,
        obligations=frozenset(flow.obligations),
    )


def _resolved(rule: Rule, flow: Flow, facts: _Facts, code: Code) -> list[Rule]:
    """The rule with facts settled; nothing when it can never match."""
    catches = rule.effect != "permit"
    when = facts.settle(rule.when, if_expired=catches)
    if when is None:
        return []
    groups = [facts.settle(group, if_expired=not catches) for group in flow.unless_any]
    if frozenset() in groups:
        return []
    literals = {literal for group in flow.unless_any for literal in group}
    if literals & facts.expired:
        code = "INSTRUMENT_EXPIRED"
    elif literals & vocabulary.COUNTERS:
        code = "COUNTER"
    elif literals & set(vocabulary.ASSERTED_FACTS) or flow.mechanisms:
        code = "INSTRUMENT_MISSING"
    return [replace(rule, when=when, unless=tuple(group for group in groups if group), code=code)]


def _floor_rules(floor: FloorPack, flow: Flow, layer: int, src: Set | None, facts: _Facts) -> list[Rule]:
    """A floor's rule; with adequacy as an exception, one rule for what lapsed and one for the rest.

    Mechanisms other than adequacy are instruments, which no document of this version can hold: they lift
    nothing.
    """
    rules = _resolved(_flow_rule(floor.id, floor.version, flow, layer, src), flow, facts, "FLOOR")
    if "adequacy" not in flow.mechanisms:
        return rules
    adequate, lapsed = facts.adequate(floor.adequacy)
    split: list[Rule] = []
    for rule in rules:
        places = (rule.places if rule.places is not None else ALL_COUNTRIES | _ZZ) - adequate
        if places & lapsed:
            split.append(replace(rule, places=places & lapsed, code="INSTRUMENT_EXPIRED"))
        split.append(replace(rule, places=places - lapsed))
    return split


def _placement_rules(policy: Policy, entry: PlacementEntry, layer: int) -> list[Rule]:
    """Permits inside, denies of everything else at rest: a placement entry is exhaustive for its classes."""
    classes = frozenset(leaf for word in entry.classes for leaf in leaves_of(word))
    because = Because(policy.id, policy.version, entry.id, entry.because)
    everywhere = ALL_COUNTRIES | _ZZ

    def rule(
        effect: Literal["permit", "deny"], ops: set[str], leaves: Set, places: Set, code: Code = "DENIED",
        viewers: Set | None = None,
    ) -> Rule:  # fmt: skip
        return Rule(
            layer, effect, because, code, frozenset(ops), leaves, None, places, None, viewers, None,
            frozenset(), (), frozenset(), True,
        )  # fmt: skip

    primary, replicas = countries_of(entry.primary), countries_of(entry.replicas)
    rules = [
        rule("permit", {"store", "process", "index"}, classes, primary),
        rule("permit", {"search_from"}, classes, primary, viewers=_SEARCHERS),
        rule("deny", {"store", "index"}, classes, everywhere - primary),
        rule("deny", {"replicate_dr"}, classes, everywhere - replicas),
    ]
    if replicas:
        rules.append(rule("permit", {"replicate_dr"}, classes, replicas))
    if entry.backups:
        inside = countries_of(entry.backups)
        rules.append(rule("permit", {"store", "process", "replicate_dr"}, _BACKUP, inside))
        rules.append(rule("deny", {"store", "index", "replicate_dr"}, _BACKUP, everywhere - inside))
    if entry.keys:
        inside = countries_of(entry.keys)
        rules.append(rule("permit", {"store", "process", "key_use"}, _SECRETS, inside))
        outside = everywhere - inside
        rules.append(rule("deny", {"store", "process", "replicate_dr"}, _SECRETS, outside, "KEY_PLACE"))
        rules.append(rule("deny", {"key_use"}, _SECRETS | classes, outside, "KEY_PLACE"))
    return rules


def is_more_specific(one: Rule, other: Rule) -> bool:
    """Whether the match set of one matching permit lies strictly inside the other's.

    A placement entry stands for one permit per operation, class and purpose. It outranks a flow only where
    the flow reaches further than the placement, so that an obligation on a crossing does not fall on what
    stays at home.
    """
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
