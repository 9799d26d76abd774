"""The atlas of a proof: the catalogue's regions, and one more for every country that has none.

A claim then holds for regions that are opened later, too. Countries that no rule and no claim tells apart are
folded into one region, so that the table stays small; `Atlas.regions_of` unfolds them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from residency_policies.decision import Region
from residency_policies.places import ALL_COUNTRIES
from residency_policies.rule import Rule
from residency_policies.stack import Stack


@dataclass(frozen=True, slots=True)
class Atlas:
    """A stack over folded regions. `alike`: id of a made-up region to the countries that it stands for."""

    stack: Stack
    alike: dict[str, tuple[str, ...]]
    countries: dict[str, str]

    def regions_of(self, region: str) -> tuple[str, ...]:
        """Ids of the regions that one region of the stack stands for: itself, or one of each country."""
        return self.alike.get(region, (region,))

    def country_of(self, region: str) -> str:
        """Country of a region of the stack, or of one that was folded: there the id is the country."""
        return self.countries.get(region, region)


def atlas_of(stack: Stack, told_apart: Iterable[frozenset[str]] = ()) -> Atlas:
    """The atlas for a stack; `told_apart` are further sets of countries that must not be mixed."""
    ordered = sorted({*sets_of(stack), *told_apart}, key=sorted)
    present = {region.place for region in stack.regions}
    folded: dict[tuple[bool, ...], list[str]] = {}
    for country in sorted(ALL_COUNTRIES - present):
        folded.setdefault(tuple(country in one for one in ordered), []).append(country)
    made = tuple(Region(group[0], group[0]) for group in folded.values())
    alike = {group[0]: tuple(group) for group in folded.values()}
    regions = (*stack.regions, *made)
    countries = {region.id: region.place for region in regions}
    return Atlas(replace(stack, regions=regions), alike, countries)


def sets_of(stack: Stack) -> set[frozenset[str]]:
    """Sets of countries that rules of a stack test."""
    return {one for rule in stack.rules for one in _sets(rule)}


def _sets(rule: Rule) -> Iterator[frozenset[str]]:
    """Every set of countries that a rule tests."""
    reached = (ground.places for ground in (*rule.grounds, *rule.ended))
    for one in (rule.src, rule.places, rule.viewer_countries, *reached):
        if one is not None:
            yield one
