"""Which placements a bundle no longer allows, where they could go, and whether there is room for them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from residency_policies.analyse.capacity import Group, Shortage, shortages
from residency_policies.analyse.cells import Cell
from residency_policies.compiled import CompiledBundle
from residency_policies.decide import Profile
from residency_policies.decision import Question, Viewer
from residency_policies.vocabulary import OBLIGATIONS

_CAN = frozenset(OBLIGATIONS)


@dataclass(frozen=True, slots=True)
class Placement:
    """A resident at its home cell, and what it takes there, by resource."""

    resident: str
    kind: str
    establishment: str
    cell: str
    region: str
    subjects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    needs: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Moving:
    """Placements that must move alike: from one region, for one reason, to the same cells."""

    region: str
    rule: str
    cells: tuple[str, ...]
    residents: int
    needs: dict[str, int]
    example: str

    def to_json(self) -> dict[str, object]:
        """No cell means that the residents have no lawful home."""
        return {
            "region": self.region,
            "rule": self.rule,
            "cells": list(self.cells),
            "residents": self.residents,
            "needs": dict(sorted(self.needs.items())),
            "example": self.example,
        }


@dataclass(frozen=True, slots=True)
class Walk:
    """All placements under a bundle."""

    placements: int
    moving: tuple[Moving, ...]
    shortages: tuple[Shortage, ...]

    def to_json(self) -> dict[str, object]:
        """Canonical form."""
        return {
            "placements": self.placements,
            "moving": [one.to_json() for one in self.moving],
            "shortages": [one.to_json() for one in self.shortages],
        }


def walk(
    bundle: CompiledBundle,
    placements: Iterable[Placement],
    cells: Sequence[Cell],
    rest_classes: Mapping[str, tuple[str, ...]],
) -> Walk:
    """Ask for every placement whether it may stay.

    Args:
        rest_classes: by kind of resident, the classes that rest with it.
    """
    known = _Homes(bundle, cells, rest_classes)
    counted: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    needs: dict[tuple[str, str, tuple[str, ...]], Counter[str]] = {}
    examples: dict[tuple[str, str, tuple[str, ...]], str] = {}
    count = 0
    for one in placements:
        count += 1
        profile = bundle.profile_for(one.resident, one.establishment, one.subjects, one.tags)
        rule = known.refusal(profile, one.kind, one.region)
        if not rule:
            continue
        key = (one.region, rule, known.cells(profile, one.kind))
        counted[key] += 1
        needs.setdefault(key, Counter()).update(one.needs)
        examples[key] = min(examples.get(key, one.resident), one.resident)
    moving = tuple(
        Moving(*key, counted[key], dict(needs[key]), examples[key])
        for key in sorted(counted, key=lambda key: (-counted[key], key))
    )
    groups = [Group(f"{one.residents} in {one.region}", one.cells, one.needs) for one in moving if one.cells]
    return Walk(count, moving, shortages(groups, cells))


class _Homes:
    """Where each kind of resident of each profile may rest; asked once for each profile, kind and region."""

    def __init__(
        self, bundle: CompiledBundle, cells: Sequence[Cell], rest_classes: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.bundle, self.all, self.rest = bundle, cells, rest_classes
        self._refusals: dict[tuple[str, int, str, str], str] = {}
        self._cells: dict[tuple[str, int, str], tuple[str, ...]] = {}
        # Profiles are kept alive, so that no other has the same id meanwhile.
        self._held: dict[int, Profile] = {}

    def refusal(self, profile: Profile, kind: str, region: str) -> str:
        """The rule that refuses the first class that may not rest there; empty when all may."""
        key = self._key(profile, kind)
        if (*key, region) not in self._refusals:
            self._refusals[(*key, region)] = self._asked(profile, kind, region)
        return self._refusals[(*key, region)]

    def cells(self, profile: Profile, kind: str) -> tuple[str, ...]:
        """Active cells where all may rest, by id."""
        key = self._key(profile, kind)
        if key not in self._cells:
            self._cells[key] = tuple(
                sorted(
                    cell.id
                    for cell in self.all
                    if cell.active and not self.refusal(profile, kind, cell.region)
                )
            )
        return self._cells[key]

    def _key(self, profile: Profile, kind: str) -> tuple[str, int, str]:
        self._held[id(profile)] = profile
        return profile.hash, id(profile), kind

    def _asked(self, profile: Profile, kind: str, region: str) -> str:
        for leaf in self.rest[kind]:
            question = Question(
                "", self.bundle.version, "store", leaf, region, region, Viewer("system"), "local", can=_CAN
            )
            decision = profile.decide(question)
            if not decision.allow:
                return decision.rule or decision.code
        return ""
