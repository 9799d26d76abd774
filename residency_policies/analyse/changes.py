"""What a new bundle means beside the one before: by policy, what opens, what stops, and which way it goes."""

from dataclasses import dataclass

from residency_policies.analyse.difference import Difference, Direction
from residency_policies.bundle import CompiledBundle
from residency_policies.model import FloorPack, Policy
from residency_policies.prove.claims import stack_of


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One policy. `difference` is None where it stands in one bundle only: beside it is the safe core."""

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
    found = []
    for name in sorted({*before, *after}):
        if name not in before or name not in after:
            what = "begins" if name in after else "ends"
            found.append(PolicyChange(name, what, "mixed", None))
            continue
        difference = Difference(stack_of(old, before[name]), stack_of(new, after[name]))
        what = "reaches others" if before[name].applies_to != after[name].applies_to else "stays"
        direction = "mixed" if what != "stays" else difference.direction
        found.append(PolicyChange(name, what, direction, difference))
    return BundleChange(tuple(found), _packs(old, new))


def _policies(bundle: CompiledBundle) -> dict[str, Policy]:
    return {one.id: one for one in bundle.bundle.parsed if isinstance(one, Policy)}


def _packs(old: CompiledBundle, new: CompiledBundle) -> tuple[str, ...]:
    """Packs that come, go or read otherwise."""
    before, after = (
        {one.id: one.canonical for one in bundle.bundle.parsed if isinstance(one, FloorPack)}
        for bundle in (old, new)
    )
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))
