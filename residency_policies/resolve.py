"""Clauses of documents to resolved rules: flows, rules of packs, placement entries, retention."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from residency_policies import vocabulary
from residency_policies.decision import Because, LayerName
from residency_policies.model import FloorPack, Flow, PlacementEntry, Policy, Retention
from residency_policies.places import ALL_COUNTRIES, EVERYWHERE, countries_of
from residency_policies.rule import Rule, Set
from residency_policies.vocabulary import CLASS_GROUPS, UNKNOWN_COUNTRY, Code, leaves_of
from residency_policies.world import World

_ZZ: Set = frozenset({UNKNOWN_COUNTRY})
_SECRETS: Set = frozenset(CLASS_GROUPS["secrets"])
_BACKUP: Set = frozenset({"backup"})
_SEARCHERS: Set = frozenset({"employee", "guest", "external", "system"})
# What makes or shows a copy elsewhere; the home has to have committed before.
_COPIES: Set = frozenset({"replicate_dr", "replicate_share", "index", "disclose", "export"})


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a stack: the document that it is, its number there, and whether it is closed."""

    name: LayerName
    document: str
    version: int | str
    closed: bool
    number: int

    def because(self, clause: str, text: str, cite: str = "") -> Because:
        """A reason in this layer."""
        return Because(self.document, self.version, clause, text, cite, self.name)


def classes_of(words: Iterable[str]) -> Set:
    """Leaves behind class words."""
    return frozenset(leaf for word in words for leaf in leaves_of(word))


def floor_rules(layer: Layer, floor: FloorPack, src: Set | None, world: World) -> Iterator[Rule]:
    """Rules of a pack and what it wants kept, for data from `src`; less what waivers lift."""
    for flow in floor.rules:
        waived, once_waived = world.waived(floor, flow.id)
        if waived and flow.effect == "require":
            continue
        for rule in _settled(_of(layer, flow, src), flow, world, "FLOOR"):
            now, ended = world.grounds(floor, flow.unless)
            yield replace(
                rule,
                places=EVERYWHERE if rule.places is None and flow.effect == "deny" else rule.places,
                grounds=(*now, *waived),
                ended=(*ended, *once_waived) if flow.effect == "deny" else (),
                mechanisms=flow.mechanisms,
            )
    for clause in floor.retention:
        if not world.waived(floor, clause.id)[0]:
            yield from _retention(layer, clause, src)


def policy_rules(layer: Layer, policy: Policy, world: World) -> Iterator[Rule]:
    """Rules of a policy."""
    for entry in policy.placement:
        yield from _placement(layer, entry)
    for flow in policy.flows:
        for rule in _settled(_of(layer, flow, None), flow, world, "DENIED"):
            yield from _under_instruments(rule, flow, world) if flow.using else (rule,)
    for clause in policy.retention:
        yield from _retention(layer, clause, None)


def _retention(layer: Layer, clause: Retention, src: Set | None) -> Iterator[Rule]:
    """What whoever stores a class owes for its term."""
    owed = {"retain_min": clause.min_days, "retain_max": clause.max_days}
    names = frozenset(name for name, days in owed.items() if days is not None)
    because = layer.because(clause.id, clause.because, clause.citation)
    yield _plain(
        layer, "require", because, {"store"}, classes_of(clause.classes), None, obligations=names, src=src
    )


def _of(layer: Layer, flow: Flow, src: Set | None) -> Rule:
    catches = flow.effect != "permit"
    places: Set | None = None
    if flow.to:
        places = countries_of(flow.to)
    elif flow.to_not:
        places = ALL_COUNTRIES - countries_of(flow.to_not)
    viewers_at = countries_of(flow.viewer_countries) if flow.viewer_countries else None
    return Rule(
        layer=layer.number,
        effect=flow.effect,
        because=layer.because(flow.id, flow.because, flow.citation),
        code="DENIED",
        ops=frozenset(flow.ops),
        classes=classes_of(flow.classes),
        src=src,
        # An unknown country may be on any list, except on an empty one.
        places=places | _ZZ if catches and places else places,
        viewer_countries=viewers_at | _ZZ if catches and viewers_at is not None else viewers_at,
        viewers=frozenset(flow.viewers) or None,
        purposes=frozenset(flow.purposes) or None,
        when=flow.when,
        unless=tuple(one.facts for one in flow.unless if not one.mechanisms),
        obligations=frozenset(flow.obligations),
    )


def _settled(rule: Rule, flow: Flow, world: World, code: Code) -> Iterator[Rule]:
    """The rule with facts settled; nothing, or what lapsed, when it can never match."""
    catches = rule.effect != "permit"
    when = world.settle(rule.when, if_expired=catches)
    if when is None:
        late = world.settle(rule.when, if_expired=True)
        if not catches and late is not None:
            yield replace(rule, effect="lapsed", code="INSTRUMENT_EXPIRED", when=late, unless=())
        return
    groups = [world.settle(group, if_expired=not catches) for group in rule.unless]
    if frozenset() in groups:
        return
    literals = {literal for one in flow.unless for literal in one.facts}
    if literals & world.expired:
        code = "INSTRUMENT_EXPIRED"
    elif literals & vocabulary.COUNTERS:
        code = "COUNTER"
    elif literals & set(vocabulary.ASSERTED_FACTS) or flow.mechanisms:
        code = "INSTRUMENT_MISSING"
    yield replace(rule, when=when, unless=tuple(group for group in groups if group), code=code)


def _under_instruments(rule: Rule, flow: Flow, world: World) -> Iterator[Rule]:
    """The permit as far as each of its instruments reaches; what has ended or not begun, as lapsed."""
    for name in flow.using:
        one = world.instruments.get(name)
        if one is None:
            continue
        reach = countries_of(one.to)
        ops = rule.ops & frozenset(one.ops)
        narrowed = replace(
            rule,
            ops=ops - vocabulary.SYSTEMATIC if one.occasional else ops,
            classes=rule.classes & classes_of(one.classes),
            places=reach if rule.places is None else rule.places & reach,
            viewer_countries=None if rule.viewer_countries is None else rule.viewer_countries & reach,
            instrument=one.id,
        )
        state = world.state(one)
        yield narrowed if state == "OK" else replace(narrowed, effect="lapsed", code=state)


def _plain(
    layer: Layer,
    effect: Literal["permit", "deny", "require"],
    because: Because,
    ops: set[str],
    classes: Set,
    places: Set | None,
    *,
    code: Code = "DENIED",
    viewers: Set | None = None,
    obligations: Set = frozenset(),
    src: Set | None = None,
    placement: bool = False,
) -> Rule:
    return Rule(
        layer.number, effect, because, code, frozenset(ops), classes, src, places, None, viewers, None,
        frozenset(), (), obligations, placement,
    )  # fmt: skip


def _placement(layer: Layer, entry: PlacementEntry) -> Iterator[Rule]:
    """Permits inside, denies of everything else at rest: a placement entry is exhaustive for its classes."""
    classes = classes_of(entry.classes)
    because = layer.because(entry.id, entry.because)

    def rule(
        effect: Literal["permit", "deny"],
        ops: set[str],
        leaves: Set,
        places: Set,
        code: Code = "DENIED",
        viewers: Set | None = None,
    ) -> Rule:
        return _plain(layer, effect, because, ops, leaves, places, code=code, viewers=viewers, placement=True)

    primary, replicas = countries_of(entry.primary), countries_of(entry.replicas)
    yield rule("permit", {"store", "process", "index"}, classes, primary)
    yield rule("permit", {"search_from"}, classes, primary, viewers=_SEARCHERS)
    yield rule("deny", {"store", "index"}, classes, EVERYWHERE - primary)
    yield rule("deny", {"replicate_dr"}, classes, EVERYWHERE - replicas)
    if replicas:
        yield rule("permit", {"replicate_dr"}, classes, replicas)
    if entry.primary_first:
        first = frozenset({"commit_primary_first"})
        yield _plain(
            layer, "require", because, set(_COPIES), classes, EVERYWHERE - primary, obligations=first
        )
    if entry.backups:
        inside = countries_of(entry.backups)
        yield rule("permit", {"store", "process", "replicate_dr"}, _BACKUP, inside)
        yield rule("deny", {"store", "index", "replicate_dr"}, _BACKUP, EVERYWHERE - inside)
    if entry.keys:
        inside = countries_of(entry.keys)
        outside = EVERYWHERE - inside
        yield rule("permit", {"store", "process", "key_use"}, _SECRETS, inside)
        yield rule("deny", {"store", "process", "replicate_dr"}, _SECRETS, outside, "KEY_PLACE")
        yield rule("deny", {"key_use"}, _SECRETS | classes, outside, "KEY_PLACE")
