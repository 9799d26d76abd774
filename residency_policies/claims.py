"""Claims that officers write under `proofs`, and what each of them demands. Values only; `prove` decides.

never_reaches   nothing made from the classes at `from` ever is in `to` (or outside `to_not`)
only_under      the same, but for what is allowed under `instrument`
reader_set      people in exactly the countries of `to` can ever see the classes or what is made from them
always_obliged  every allowed operation of `ops` from `from` to `to` owes all of `obligations`
primary_first   the classes are first written in `home`, and no copy leaves it before its commit
two_copies_in   the classes rest in `home` alone, and there in two copies at least
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from accord.encoding import canonical_json
from residency_policies.decision import Region
from residency_policies.places import ALL_COUNTRIES, countries_of
from residency_policies.vocabulary import CLASSES, UNKNOWN_COUNTRY, leaves_of

KINDS: Final[tuple[str, ...]] = (
    "never_reaches",
    "only_under",
    "reader_set",
    "always_obliged",
    "primary_first",
    "two_copies_in",
)
# What nothing owes.
NEVER: Final = frozenset({"never"})
# Operations that leave a copy at rest; `store` is the first write.
COPYING: Final[tuple[str, ...]] = ("replicate_dr", "replicate_share", "index", "export", "relocate")


# Keys that a kind needs, and those that it may have beside `id`, `claim`, `classes` and what is assumed.
NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "never_reaches": ("from", "to|to_not"),
    "only_under": ("from", "to|to_not", "instrument"),
    "reader_set": ("from", "to"),
    "always_obliged": ("ops", "obligations"),
    "primary_first": ("home",),
    "two_copies_in": ("home",),
}
MAY: Final[dict[str, tuple[str, ...]]] = {"always_obliged": ("from", "to", "to_not")}


class Copies(Protocol):
    """What a placement entry says of copies."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def replicas_min(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. Which members have a meaning depends on `kind`; see the module.

    `assume`: facts and tags that always hold; `assume_not`: those that never hold.
    """

    id: str
    kind: str
    classes: tuple[str, ...]
    src: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    to_not: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    instrument: str = ""
    home: tuple[str, ...] = ()
    assume: frozenset[str] = frozenset()
    assume_not: frozenset[str] = frozenset()
    at: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def leaves(self) -> tuple[str, ...]:
        """Leaves of `classes`, in the order of the vocabulary."""
        named = {leaf for word in self.classes for leaf in leaves_of(word)}
        return tuple(leaf for leaf in CLASSES if leaf in named)

    @property
    def sources(self) -> frozenset[str]:
        """Countries where the data is at first; everywhere without `from`."""
        return countries_of(self.src or self.home) if self.src or self.home else ALL_COUNTRIES

    @property
    def targets(self) -> frozenset[str]:
        """Countries that `to` or `to_not` speak of, and the unknown country, which may be any of them."""
        if self.to:
            # Who is known to be in the country alone may be in the part of it that is named.
            return countries_of(self.to) | {word[:2] for word in self.to if "-" in word} | {UNKNOWN_COUNTRY}
        outside = self.to_not or self.home
        return ALL_COUNTRIES - countries_of(outside) | {UNKNOWN_COUNTRY}

    @property
    def forbidden(self) -> frozenset[str]:
        """Where nothing may be: of `reader_set`, every country that it does not name."""
        if self.kind == "reader_set":
            return ALL_COUNTRIES - countries_of(self.to) | {UNKNOWN_COUNTRY}
        return self.targets

    @property
    def custodies(self) -> tuple[str, ...]:
        """In whose custody nothing may be in `forbidden`; none for kinds that speak of single operations."""
        if self.kind in ("never_reaches", "only_under"):
            return ("platform", "human", "authority")
        return ("human", "authority") if self.kind == "reader_set" else ()

    def concerns(self, instrument: str | None, facts: Sequence[str], bits: int) -> bool:
        """Whether the claim speaks of what is allowed under the instrument where `bits` of `facts` hold."""
        stated = {fact for number, fact in enumerate(facts) if bits >> number & 1}
        if stated & self.assume_not or not self.assume & set(facts) <= stated:
            return False
        return self.kind != "only_under" or instrument != self.instrument

    def lacks(self, placement: Iterable[Copies], regions: Iterable[Region]) -> list[str]:
        """Of `two_copies_in`: why there may be fewer. That no copy is elsewhere, its demand shows."""
        if self.kind != "two_copies_in":
            return []
        found, placed = [], tuple(placement)
        for leaf in self.leaves:
            entries = [one for one in placed if any(leaf in leaves_of(word) for word in one.classes)]
            if not any(entry.replicas_min for entry in entries):
                found.append(f"no placement entry asks for a second copy of {leaf}")
        held = sum(region.place in countries_of(self.home) for region in regions)
        if held < 2:
            found.append(f"two copies need two regions in {', '.join(sorted(self.home))}; there are {held}")
        return found

    def to_json(self) -> dict[str, object]:
        """As under `proofs`; what is empty is left out."""
        shape: dict[str, object] = {"id": self.id, "claim": self.kind}
        shape.update({key: sorted(words) for key, name in _LISTS.items() if (words := getattr(self, name))})
        return {**shape, "instrument": self.instrument} if self.instrument else shape

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "Claim":
        """The inverse of `to_json`. Raises KeyError and TypeError for another shape."""
        known: dict[str, Any] = {name: tuple(value.get(key, ())) for key, name in _LISTS.items()}
        known.update({name: frozenset(known[name]) for name in ("assume", "assume_not")})
        return Claim(id=value["id"], kind=value["claim"], instrument=value.get("instrument", ""), **known)


# Keys of a document to members that are lists.
_LISTS: Final = {
    "classes": "classes",
    "from": "src",
    "to": "to",
    "to_not": "to_not",
    "ops": "ops",
    "obligations": "obligations",
    "home": "home",
    "assume": "assume",
    "assume_not": "assume_not",
}


def digest_of(certificate: Mapping[str, object]) -> str:
    """SHA-256 (hex) of a certificate without its digest, in canonical JSON."""
    content = {key: value for key, value in certificate.items() if key != "digest"}
    return hashlib.sha256(canonical_json(content)).hexdigest()


@dataclass(frozen=True, slots=True)
class Demand:
    """What every allowed operation of `ops` on `leaves` from `sources` to `targets` owes.

    With `NEVER` among what it owes, such an operation must not be allowed at all.
    """

    ops: tuple[str, ...]
    leaves: tuple[str, ...]
    sources: frozenset[str]
    targets: frozenset[str]
    owes: frozenset[str]


def demands_of(claim: Claim) -> tuple[Demand, ...]:
    """Demands of the kinds that speak of single operations; none of the kinds that speak of reaching."""
    everywhere = ALL_COUNTRIES
    if claim.kind == "always_obliged":
        targets = claim.targets if claim.to or claim.to_not else everywhere | {UNKNOWN_COUNTRY}
        owes = frozenset(claim.obligations)
        return (Demand(claim.ops, claim.leaves, claim.sources, targets, owes),)
    if claim.kind == "primary_first":
        first = frozenset({"commit_primary_first"})
        return (
            Demand(("store",), claim.leaves, everywhere, claim.targets, NEVER),
            Demand(COPYING, claim.leaves, everywhere, claim.targets, first),
        )
    if claim.kind == "two_copies_in":
        return (Demand(("store", "replicate_dr"), claim.leaves, everywhere, claim.targets, NEVER),)
    return ()
