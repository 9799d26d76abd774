"""What a new bundle means beside the one before: by policy, what opens, what stops, and which way it goes."""

from dataclasses import dataclass, replace

from residency_policies.analyse.difference import Difference, Direction
from residency_policies.compiled import CompiledBundle
from residency_policies.model import FloorPack, Policy
from residency_policies.prove.claims import stack_of


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One policy. `difference` is None where nothing but the safe core is before or after it."""

    policy: str
    what: str
    direction: Direction
    difference: Difference | None

    def to_json(self) -> dict[str, object]:
        """Canonical form."""
        shape: dict[str, object] = {"policy": self.policy, "what": self.what, "direction": self.direction}
        return shape if self.difference is None else {**shape, **self.difference.to_json()}


@dataclass(frozen=True, slots=True)
class BundleChange:
    """Everything that changes between two bundles at their instants."""

    policies: tuple[PolicyChange, ...]
    packs: tuple[str, ...]

    @property
    def direction(self) -> Direction:
        """Which way all of it goes; a policy that comes or goes counts as both."""
        found = {one.direction for one in self.policies} - {"same"}
        if not found:
            return "same"
        (first, *more) = sorted(found)
        return "mixed" if more else first

    def to_json(self) -> dict[str, object]:
        """Canonical form; policies in the order of their ids."""
        return {
            "direction": self.direction,
            "packs": list(self.packs),
            "policies": [one.to_json() for one in self.policies],
        }


def compare_bundles(old: CompiledBundle, new: CompiledBundle) -> BundleChange:
    """The meaning of going from one bundle to the other.

    Raises:
        BundleError: E-GUARD, a policy's table over all countries would be too large.
    """
    before, after = _policies(old), _policies(new)
    heirs = _heirs(before, after)
    found = []
    for name in sorted({*before, *after} - set(heirs)):
        earlier = _before(name, before, heirs)
        if earlier is None:
            found.append(PolicyChange(name, "begins", "mixed", None))
            continue
        if name not in after:
            found.append(_ended(earlier, old, new))
            continue
        difference = Difference(stack_of(old, earlier), stack_of(new, after[name]))
        same = earlier.id == name and earlier.applies_to == after[name].applies_to
        what = "stays" if same else "reaches others" if earlier.id == name else f"follows {earlier.id}"
        direction = difference.direction if same or earlier.id != name else "mixed"
        found.append(PolicyChange(name, what, direction, difference))
    return BundleChange(tuple(found), _packs(old, new))


def _ended(policy: Policy, old: CompiledBundle, new: CompiledBundle) -> PolicyChange:
    """A policy that is gone. What it ruled falls to the policy for its establishment; what a layer around or
    inside of others held back is theirs alone to say. It counts as both ways all the same: other workspaces
    and instruments may depend on it.
    """
    stack = stack_of(old, policy)
    if policy.layer != "workspace":
        rules = tuple(one for one in stack.rules if one.because.policy != policy.id)
        layers = tuple(one for one in stack.layers if one.document != policy.id)
        difference = Difference(stack, replace(stack, rules=rules, layers=layers))
        return PolicyChange(policy.id, "leaves it to others", "mixed", difference)
    workspace = (policy.applies_to.workspaces or ("",))[0]
    heir = new.policy_of(workspace, (policy.applies_to.establishment or ("",))[0])
    if heir is None:
        return PolicyChange(policy.id, "ends", "mixed", None)
    return PolicyChange(policy.id, f"falls to {heir.id}", "mixed", Difference(stack, stack_of(new, heir)))


def _before(name: str, before: dict[str, Policy], heirs: dict[str, str]) -> Policy | None:
    """The policy before that one of the new bundle takes the place of."""
    return before.get(name) or next((before[old] for old, heir in heirs.items() if heir == name), None)


def _heirs(before: dict[str, Policy], after: dict[str, Policy]) -> dict[str, str]:
    """By policy that ends: the one that begins for exactly the same workspaces or establishment."""
    found: dict[str, str] = {}
    for old in sorted(set(before) - set(after)):
        for new in sorted(set(after) - set(before) - set(found.values())):
            mine, theirs = before[old].applies_to, after[new].applies_to
            if (mine.workspaces, mine.establishment) == (theirs.workspaces, theirs.establishment):
                found[old] = new
                break
    return found


def _policies(bundle: CompiledBundle) -> dict[str, Policy]:
    return {one.id: one for one in bundle.policies}


def _packs(old: CompiledBundle, new: CompiledBundle) -> tuple[str, ...]:
    """Packs that come, go or read otherwise."""
    before, after = (
        {one.id: one.canonical for one in bundle.bundle.parsed if isinstance(one, FloorPack)}
        for bundle in (old, new)
    )
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))
