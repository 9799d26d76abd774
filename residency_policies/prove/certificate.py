"""Proof certificates: the reached set of a claim that holds, and what a checker needs besides the bundle.

A proof certificate is canonical JSON: bundle hash, policy, instant, claim, and by source class the places
that are reached, region ids in the platform's custody, countries in that of people and authorities. Regions
of a country that has none in the catalogue are named by the country's code.
"""

from residency_policies.claims import Claim, digest_of
from residency_policies.prove.atlas import Atlas
from residency_policies.prove.closure import Reached
from residency_policies.prove.graph import Moves, bits

Places = dict[str, list[str]]


def make_certificate(
    subject: dict[str, object], claim: Claim, reached: dict[str, Reached], moves: Moves, atlas: Atlas
) -> dict[str, object]:
    """`subject` says what it is about: bundle, policy, at_s and the like."""
    content: dict[str, object] = {
        "schema": "certificate/v1",
        **subject,
        "claim": claim.to_json(),
        "reached": {source: _sets(one, moves, atlas) for source, one in sorted(reached.items())},
    }
    return {**content, "digest": digest_of(content)}


def _sets(reached: Reached, moves: Moves, atlas: Atlas) -> dict[str, Places]:
    return {
        "platform": {
            leaf: sorted(regions_at(moves, atlas, spots)) for leaf, spots in sorted(reached.platform.items())
        },
        "human": {leaf: sorted(shown_in(moves, atlas, one)) for leaf, one in sorted(reached.human.items())},
        "authority": {
            leaf: sorted(shown_in(moves, atlas, one)) for leaf, one in sorted(reached.authority.items())
        },
    }


def regions_at(moves: Moves, atlas: Atlas, spots: int) -> set[str]:
    """Ids of regions at the spots, unfolded."""
    inside = set(bits(spots))
    named = (region for region, spot in zip(moves.regions, moves.spot_of, strict=True) if spot in inside)
    return {one for region in named for one in atlas.regions_of(region)}


def shown_in(moves: Moves, atlas: Atlas, ends: tuple[int, int]) -> set[str]:
    """Countries of an end: those where it is shown and those of the viewers."""
    where = {atlas.country_of(region) for region in regions_at(moves, atlas, ends[0])}
    ranks = set(bits(ends[1]))
    return where | {name for name, rank in zip(moves.countries, moves.at[6], strict=True) if rank in ranks}
