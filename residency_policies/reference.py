"""Packs that are for reference only: they are read and analysed, and nobody is ruled by them.

A workspace, a population or a region that such a pack is about has no floor here that could be in force, so
it is refused as the pack itself is: fail closed.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from residency_policies.builtin import reference_packs
from residency_policies.document import load_document
from residency_policies.errors import Finding
from residency_policies.model import FloorPack, Policy
from residency_policies.places import countries_of, stated
from residency_policies.sealed import Bundle


@lru_cache(maxsize=1)
def _shipped() -> tuple[FloorPack, ...]:
    return tuple(one for one in map(load_document, reference_packs()) if isinstance(one, FloorPack))


def unruled_places(held: Iterable[str]) -> frozenset[str]:
    """Places whose floor is for reference only and not among the packs held, by id."""
    known = set(held)
    missing = [pack for pack in _shipped() if pack.id not in known]
    return frozenset(place for pack in missing for place in _about(pack))


def unoffered_findings(bundle: Bundle) -> list[Finding]:
    """What speaks against putting the bundle into force, each as E-REFERENCE."""
    packs = {one.id: one for one in bundle.parsed if isinstance(one, FloorPack) and one.reference_only}
    found = [
        _finding(name, "metadata.reference_only", f"{name} is for reference only", "Leave it out.")
        for name in packs
    ]
    about = [(pack.id, _about(pack)) for pack in (packs | {one.id: one for one in _shipped()}).values()]
    for document in bundle.parsed:
        if isinstance(document, Policy):
            found += _asserted(document, about)
    for region in bundle.regions:
        for name, places in about:
            if region.place in places:
                sentence = f"it is under {name}, which is for reference only"
                found.append(_finding("bundle", f"regions.{region.id}", sentence, "Leave the region out."))
    return found


def _asserted(policy: Policy, about: list[tuple[str, frozenset[str]]]) -> Iterator[Finding]:
    words = {"establishment": policy.applies_to.establishment, "subjects": policy.applies_to.subjects}
    for key, named in words.items():
        for name, places in about:
            if stated(named) & places:
                sentence = f"{name} applies, and it is for reference only"
                yield _finding(policy.id, f"applies_to.{key}", sentence, "Nobody can be served under it.")


def _about(pack: FloorPack) -> frozenset[str]:
    rule = pack.applies_when
    return countries_of((*rule.establishment, *rule.subjects, *rule.region))


def _finding(document: str, path: str, sentence: str, suggestion: str) -> Finding:
    return Finding(document, 0, 0, "E-REFERENCE", path, sentence, suggestion)
