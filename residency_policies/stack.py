"""A stack: the layers that rule one kind of workspace at one instant, resolved to plain rules.

Both the interpreter and the compiler read a stack, so what is decided here is decided once: which packs
apply, which facts hold, which destinations are adequate, what a placement entry generates. What rules mean
is in `rule`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from residency_policies.decision import Region
from residency_policies.model import AppliesTo, FloorPack, Instrument, Policy
from residency_policies.places import countries_of, stated
from residency_policies.resolve import Layer, floor_rules, policy_rules, retention_rules
from residency_policies.rule import Rule, Set
from residency_policies.world import World


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers of one profile at `at_s`; they are constant until `boundary_s` (exclusive), if that is not
    None. `floors` and `policies` are the documents of the layers, outer to inner.
    """

    bundle: int
    policy: Policy
    layers: tuple[Layer, ...]
    rules: tuple[Rule, ...]
    regions: tuple[Region, ...]
    at_s: int
    boundary_s: int | None
    floors: tuple[FloorPack, ...] = ()
    policies: tuple[Policy, ...] = ()

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts of a question that some rule tests, sorted."""
        return tuple(sorted({fact for rule in self.rules for fact in rule.facts}))

    @property
    def closed(self) -> tuple[Layer, ...]:
        """Layers that need a permit, outer to inner."""
        return tuple(layer for layer in self.layers if layer.closed)


def make_stack(
    bundle: int,
    policy: Policy,
    floors: Iterable[FloorPack],
    regions: Iterable[Region],
    at_s: int,
    establishment: str,
    subjects: Iterable[str] = (),
    tags: Iterable[str] = (),
    *,
    instruments: Iterable[Instrument] = (),
) -> Stack:
    """Resolve the layers for one policy and the packs that apply to it. Total: documents are already valid.

    Args:
        policy: of the workspace.
        instruments: those of documents of their own that count for the policies.
    """
    policies = (policy,)
    asserted = AppliesTo(
        establishment=(establishment,),
        subjects=tuple(sorted({*(word for one in policies for word in one.applies_to.subjects), *subjects})),
        tags=tuple(sorted({*policy.applies_to.tags, *tags})),
    )
    named = {pack for one in policies for pack in one.packs}
    own = [one for each in policies for one in each.instruments]
    world = World(policies, [*own, *instruments], at_s, frozenset(asserted.tags))
    instants = list(world.instants)
    layers: list[Layer] = []
    rules: list[Rule] = []
    applied: list[FloorPack] = []
    for floor in sorted(floors, key=lambda pack: pack.id):
        applies, src = _applies(floor, asserted, named)
        if not applies:
            continue
        layer = Layer("floor", floor.id, floor.version, False, len(layers))
        instants += [at for entry in floor.adequacy for at in (entry.since_s, entry.until_s) if at]
        rules += floor_rules(layer, floor, src, world)
        for clause in floor.retention:
            rules += retention_rules(layer, clause, src)
        layers.append(layer)
        applied.append(floor)
    for one in policies:
        layer = Layer(one.layer, one.id, one.version, one.closed, len(layers))
        rules += policy_rules(layer, one, world)
        layers.append(layer)
    boundary = min((moment for moment in instants if moment > at_s), default=None)
    return Stack(
        bundle, policy, tuple(layers), tuple(rules), tuple(sorted(regions, key=lambda r: r.id)), at_s,
        boundary, tuple(applied), policies,
    )  # fmt: skip


def _applies(floor: FloorPack, asserted: AppliesTo, packs: set[str]) -> tuple[bool, Set | None]:
    """Whether a pack applies, and, where it does only because of a region, to data from which countries."""
    if floor.id in packs:
        return True, None
    if not floor.id.startswith("floor/"):
        return False, None
    rule = floor.applies_when
    by_right = (
        countries_of(rule.establishment) & stated(asserted.establishment)
        or countries_of(rule.subjects) & stated(asserted.subjects)
        or set(rule.tags) & set(asserted.tags)
    )
    if by_right:
        return True, None
    src = countries_of(rule.region)
    return bool(src), src
