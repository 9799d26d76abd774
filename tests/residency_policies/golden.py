"""Cases of faults: documents that must be found fault with, and what must be said about them.

A case is a file `golden/CODE/name.yaml`. Lines at its top that begin with `# expect: ` are the findings, in
order, as people read them; `# at: 2027-01-31` is the day on which the documents are checked, `# put: ...` one
on which new documents are put into force. `# cell: de-fra DE bytes=1000` is a cell with what it has left,
`# need: bytes=2000` what the workspaces of each policy need. A line `# document` begins a further document.
Lines of findings are lines of the file.

The documents are checked as for activation: each by itself, then together with the mandatory packs and the
built-in regions, then by everything in `CHECKS`.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from residency_policies.analyse.capacity import Group, capacity_findings
from residency_policies.analyse.cells import Cell, cell_findings
from residency_policies.analyse.lint import policy_findings
from residency_policies.builtin import BUILTIN_REGIONS, MANDATORY_FLOORS, builtin_floors
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.checks.everything import check_findings
from residency_policies.dates import begin_findings
from residency_policies.errors import Finding, PolicyError
from residency_policies.places import countries_of
from residency_policies.prove.findings import proof_findings

FOLDER = Path(__file__).parent / "golden"
AT_S = 1_795_219_200  # 2026-11-21T00:00:00Z
BREAK, EXPECT, AT, PUT = "# document\n", "# expect: ", "# at: ", "# put: "
CELL, NEED = "# cell: ", "# need: "


def rules(compiled: CompiledBundle) -> list[Finding]:
    """What analyses say, with one cell in every region."""
    cells = tuple(Cell(f"cell-{region.id}", region.id, region.place) for region in compiled.bundle.regions)
    found: list[Finding] = []
    for policy in compiled.policies:
        found += [*policy_findings(compiled, policy), *cell_findings(policy, cells)]
    return found


# Further findings about documents that fit together; each is asked for every case.
CHECKS: tuple[Callable[[CompiledBundle], list[Finding]], ...] = (check_findings, proof_findings, rules)


@dataclass(frozen=True)
class Case:
    """One file: its documents, the instant, and the findings that it states."""

    code: str
    name: str
    documents: tuple[str, ...]
    at_s: int
    put_s: int | None
    expected: tuple[str, ...]
    cells: tuple[Cell, ...] = ()
    needs: Mapping[str, int] = field(default_factory=dict)


def cases() -> Iterator[Case]:
    """Every case, by code and name."""
    for path in sorted(FOLDER.glob("*/*.yaml")):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        at_s, put_s = _day(lines, AT), _day(lines, PUT)
        expected = tuple(line.removeprefix(EXPECT).rstrip("\n") for line in lines if line.startswith(EXPECT))
        starts = [0, *(number for number, line in enumerate(lines) if line == BREAK), len(lines)]
        parts = itertools.pairwise(starts)
        # Blank lines before a document keep the numbers of its lines.
        documents = tuple("\n" * start + "".join(lines[start:end]) for start, end in parts)
        yield Case(
            path.parent.name, path.stem, documents, at_s or AT_S, put_s, expected, tuple(_cells(lines)),
            _amounts(word for line in lines if line.startswith(NEED) for word in line.split()[2:]),
        )  # fmt: skip


def _cells(lines: list[str]) -> Iterator[Cell]:
    for line in lines:
        if line.startswith(CELL):
            name, place, *left = line.removeprefix(CELL).split()
            yield Cell(name, name, place, free=_amounts(left))


def _amounts(words: Iterable[str]) -> dict[str, int]:
    pairs = (word.split("=") for word in words)
    return {name: int(amount) for name, amount in pairs}


def _day(lines: list[str], head: str) -> int | None:
    for line in lines:
        if line.startswith(head):
            day = date.fromisoformat(line.removeprefix(head).strip())
            return int(datetime.combine(day, datetime.min.time(), UTC).timestamp())
    return None


def room(case: Case, compiled: CompiledBundle) -> list[Finding]:
    """What is said of the room for the workspaces of each policy, in the cells of the case."""
    found: list[Finding] = []
    for policy in compiled.policies if case.needs else ():
        places = countries_of(word for entry in policy.placement for word in entry.primary)
        there = tuple(cell.id for cell in case.cells if cell.place in places)
        found += capacity_findings(policy, [Group(f"of {policy.id}", there, case.needs)], case.cells)
    return found


def findings(case: Case) -> list[Finding]:
    """What is found about documents, in order."""
    documents, at_s, put_s = case.documents, case.at_s, case.put_s
    own = "\n".join(documents)
    # A case may bring a mandatory pack of its own.
    floors = [
        text
        for name, text in zip(MANDATORY_FLOORS, builtin_floors(), strict=True)
        if f"id: {name}\n" not in own
    ]
    bundle = Bundle(1, (*documents, *floors), BUILTIN_REGIONS)
    try:
        compiled = compile_bundle(bundle, at_s)
    except PolicyError as error:
        return list(error.findings)
    new = [] if put_s is None else begin_findings(bundle.parsed, put_s)
    # How old the facts of shipped packs are is no fault of a case.
    warnings = [one for one in compiled.warnings if one.document not in MANDATORY_FLOORS or one.line]
    return sorted(
        [*warnings, *new, *room(case, compiled), *(one for check in CHECKS for one in check(compiled))]
    )
