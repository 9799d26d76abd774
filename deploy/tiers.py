"""The tiers of the tests: which folders of `tests/` belong to which, and how each is run.

Invariants
    1. Every test below `tests/` belongs to exactly one tier: `unit` has whatever no other tier names.
    2. Where tests start processes of the federation, those of one file run one after the other in one worker;
       each worker has federations of its own, and does harm to none of the others.
"""

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Tier:
    """One tier. `workers` 1 means serial; `by_file`: each takes whole files, in their order (those that
    `tests/support/together.py` names, together and first), and a run may ask for another number of them.
    After `limit_s` the tier is ended and counts as failed; with `--long` after `long_limit_s`, where it has
    one.
    """

    name: str
    folders: tuple[str, ...]
    workers: int
    limit_s: int
    summary: str
    by_file: bool = False
    long_limit_s: int | None = None

    def at_length(self) -> "Tier":
        """The tier as `--long` runs it."""
        return self if self.long_limit_s is None else replace(self, limit_s=self.long_limit_s)


TIERS = (
    Tier("static", ("tests/architecture",), 1, 600, "lint, format, types and the rules of the house"),
    Tier("unit", ("tests",), 2, 1200, "one module at a time", False, 10_800),
    Tier("fuzz", ("tests/fuzz",), 2, 3600, "every parser, fed with what nobody meant to write", False, 7200),
    Tier("adapters", ("tests/contracts", "tests/engines"), 1, 1200, "one contract, every store"),
    Tier("flows", ("tests/flows", "tests/residency"), 2, 2400, "federations of real processes", True),
    Tier("faults", ("tests/faults",), 2, 2400, "harm done to real processes", True, 10_800),
    Tier("docs", ("tests/docs",), 1, 600, "what the documents promise"),
)
NAMES = tuple(tier.name for tier in TIERS)


def tier_of(path: str) -> Tier:
    """The tier to which a test belongs; path is relative to the checkout, with or without `::test`."""
    file = Path(path.partition("::")[0])
    for tier in TIERS:
        if tier.name != "unit" and any(file.is_relative_to(folder) for folder in tier.folders):
            return tier
    return TIERS[NAMES.index("unit")]


def selection(tier: Tier, root: Path) -> list[str]:
    """The arguments that make pytest collect exactly this tier below root; empty when it has no folder."""
    present = [folder for folder in tier.folders if (root / folder).is_dir()]
    if tier.name != "unit":
        return present
    others = [folder for other in TIERS if other.name != "unit" for folder in other.folders]
    return present and [*present, *(f"--ignore={folder}" for folder in others if (root / folder).is_dir())]
