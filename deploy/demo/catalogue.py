"""The cells that a demo can run, their edges, and how far they are from each other."""

from dataclasses import dataclass
from itertools import combinations

FEDERATION = "demo"


@dataclass(frozen=True, slots=True)
class CellSite:
    """A built-in cell and the edge beside it. `jurisdiction` is also the country of both."""

    name: str
    jurisdiction: str
    region: str
    edge: str
    country_name: str


SITES: dict[str, CellSite] = {
    site.name: site
    for site in (
        CellSite("de-fra", "DE", "eu-central-1", "fra", "Germany"),
        CellSite("us-iad", "US", "us-east-1", "iad", "United States"),
        CellSite("in-bom", "IN", "ap-south-1", "bom", "India"),
        CellSite("sg-sin", "SG", "ap-southeast-1", "sin", "Singapore"),
        CellSite("br-gru", "BR", "sa-east-1", "gru", "Brazil"),
    )
}
DEFAULT_CELLS = ("de-fra", "us-iad", "in-bom")

# Round trips between regions in milliseconds; made up, but of the size that oceans cost.
_ROUND_TRIPS_MS = {
    frozenset({"DE", "US"}): 90,
    frozenset({"DE", "IN"}): 120,
    frozenset({"US", "IN"}): 200,
    frozenset({"DE", "SG"}): 160,
    frozenset({"US", "SG"}): 220,
    frozenset({"IN", "SG"}): 60,
    frozenset({"DE", "BR"}): 190,
    frozenset({"US", "BR"}): 120,
    frozenset({"IN", "BR"}): 300,
    frozenset({"SG", "BR"}): 330,
}


def round_trip_ms(first: CellSite, second: CellSite) -> int:
    """The simulated round trip between two sites; 0 for a site and itself."""
    return _ROUND_TRIPS_MS.get(frozenset({first.jurisdiction, second.jurisdiction}), 0)


def edge_names(site: CellSite, count: int) -> list[str]:
    """Names of a site's edges: `fra`, `fra-2` ..."""
    return [site.edge, *(f"{site.edge}-{number}" for number in range(2, count + 1))]


def links(sites: list[CellSite]) -> list[dict[str, object]]:
    """`links[]` of the ready line: every pair of cells with its round trip."""
    return [
        {"from": first.name, "to": second.name, "delay_ms": round_trip_ms(first, second)}
        for first, second in combinations(sites, 2)
    ]
