"""A stack: the layers that rule one kind of workspace at one instant, resolved to plain rules.

Both the interpreter and the compiler read a stack, so what is decided here is decided once: which packs
apply, which facts hold, which destinations are adequate, what a placement entry generates. What rules mean
is in `rule`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from residency_policies.decision import Region
from residency_policies.model import AppliesTo, FloorPack, Instrument, InstrumentDocument, Policy, Waiver
from residency_policies.places import countries_of, stated
from residency_policies.resolve import Layer, floor_rules, policy_rules
from residency_policies.rule import Rule, Set
from residency_policies.vocabulary import POLICY_LAYERS
from residency_policies.world import World


@dataclass(frozen=True, slots=True)
class Around:
    """What counts beside the policy of a workspace: layers outside and inside of it, instruments in documents
    of their own, waivers for it. `named`: the channels are those of one channel that a question names;
    without it they are those of all channels.
    """

    organisations: tuple[Policy, ...] = ()
    channels: tuple[Policy, ...] = ()
    named: bool = True
    instruments: tuple[InstrumentDocument, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    @property
    def inner_and_outer(self) -> tuple[Policy, ...]:
        """Every policy beside the workspace's, outer to inner."""
        return (*self.organisations, *self.channels)

    def instruments_of(self, policies: Iterable[Policy]) -> tuple[Instrument, ...]:
        """Those that count for some of the policies."""
        ids = {policy.id for policy in policies}
        return tuple(one.instrument for one in self.instruments if ids & set(one.policies))


ALONE = Around()


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers of one profile at `at_s`; they are constant until `boundary_s` (exclusive), if that is not
    None. `floors` and `policies` are the documents of the layers, outer to inner; `binding` are the floors of
    the workspace's own law and of places where its policies let data rest.
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
    binding: tuple[FloorPack, ...] = ()

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
    around: Around = ALONE,
) -> Stack:
    """Resolve the layers for one policy and the packs that apply to it. Total: documents are already valid.

    Args:
        policy: of the workspace.
        around: what counts beside it.
    """
    main = (*around.organisations, policy)
    policies = (*main, *around.channels)
    asserted = AppliesTo(
        establishment=(establishment,),
        subjects=tuple(sorted({*(word for one in policies for word in one.applies_to.subjects), *subjects})),
        tags=tuple(sorted({*policy.applies_to.tags, *tags})),
    )
    named = {pack for one in policies for pack in one.packs}

    def world(those: tuple[Policy, ...]) -> World:
        tagged = frozenset(asserted.tags)
        return World(those, at_s, tagged, around.instruments_of(those), around.waivers)

    # What one channel has does not help where no channel is named.
    helping = world(policies if around.named else main)
    instants = list(helping.instants)
    layers: list[Layer] = []
    rules: list[Rule] = []
    applied: list[FloorPack] = []
    binding: list[FloorPack] = []
    rests = _rests(policies)
    for floor in sorted(floors, key=lambda pack: pack.id):
        applies, src = _applies(floor, asserted, named)
        if not applies:
            continue
        layer = Layer("floor", floor.id, floor.version, False, len(layers))
        instants += [at for entry in floor.adequacy for at in (entry.since_s, entry.until_s) if at]
        rules += floor_rules(layer, floor, src, helping)
        layers.append(layer)
        applied.append(floor)
        if src is None or src & rests:
            binding.append(floor)
    for one in policies:
        layer = Layer(one.layer, one.id, one.version, one.closed, len(layers))
        own = world(_outwards(one, policies))
        instants += own.instants
        rules += policy_rules(layer, one, own)
        layers.append(layer)
    boundary = min((moment for moment in instants if moment > at_s), default=None)
    return Stack(
        bundle, policy, tuple(layers), tuple(rules), tuple(sorted(regions, key=lambda r: r.id)), at_s,
        boundary, tuple(applied), policies, tuple(binding),
    )  # fmt: skip


def _rests(policies: Iterable[Policy]) -> Set:
    """Where policies let data rest."""
    entries = [entry for one in policies for entry in one.placement]
    return countries_of(
        place for entry in entries for place in (*entry.primary, *entry.replicas, *entry.backups)
    )


def _outwards(policy: Policy, policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    """A policy and the layers outside of it: an inner one never says what an outer one rests on."""
    rank = POLICY_LAYERS.index(policy.layer)
    outer = tuple(one for one in policies if POLICY_LAYERS.index(one.layer) < rank)
    return (*outer, policy)


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
