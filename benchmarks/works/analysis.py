"""Analyses of policies in process: the closure of every class from every region with its certificate, and the
impact of a bundle on a month of recorded decisions and on all placements.
"""

import random
import time
from collections.abc import Callable
from typing import Final

from benchmarks.figures import Results, figures_of
from benchmarks.setting import Setting
from benchmarks.works.policy import large_stack
from residency_policies.analyse.cells import Cell
from residency_policies.analyse.impact import Histogram, Key, replay
from residency_policies.analyse.placements import Placement, walk
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.claims import Claim
from residency_policies.compile import compile_stack
from residency_policies.prove.atlas import Atlas
from residency_policies.prove.certificate import make_certificate
from residency_policies.prove.closure import reach, reach_all
from residency_policies.prove.graph import Moves
from residency_policies.prove.paths import start_of
from residency_policies.vocabulary import CLASSES, RELATIONS

KEYS, HOURS, HOUR_S, PLACEMENTS = 5_000, 720, 3_600, 100_000
UNITS = {"closure_ms": "ms", "replay_ms": "ms", "walk_ms": "ms", "impact_ms": "ms"}
_OPS: Final = ("store", "disclose", "transit", "search_from", "process")
_LEAVES: Final = ("message_body", "file_content", "profile_pii", "presence", "membership")
_HOMES: Final = ("DE", "US", "IN", "SG", "BR")
_REST: Final = {"workspace": ("message_body", "file_content", "profile_pii", "membership")}


async def measure(setting: Setting) -> Results:
    """Milliseconds of each."""
    stack = large_stack()
    table = compile_stack(stack)
    atlas = Atlas(stack, {}, {region.id: region.place for region in stack.regions})
    now_s = int(time.time())
    old, new = _bundles(now_s)
    chance = random.Random(1)  # noqa: S311 - traffic, no secrets
    histogram, placements = _histogram(chance, now_s), _placements(chance)
    cells = [Cell(f"cell-{one.id}", one.id, one.place, True, {"bytes": 10**15}) for one in BUILTIN_REGIONS]

    def closure() -> object:
        moves = Moves(table)
        whole = reach_all(moves)
        start = start_of(moves, atlas, frozenset(region.place for region in stack.regions))
        claim = Claim("X", "never_reaches", CLASSES, to=("AQ",))
        reached = {leaf: reach(moves, leaf, start) for leaf in CLASSES}
        return whole, make_certificate({}, claim, reached, moves, atlas)

    def run() -> dict[str, float]:
        replay_ms = _ms(lambda: replay(old, new, histogram))
        walk_ms = _ms(lambda: walk(new, placements, cells, _REST))
        return {
            "closure_ms": _ms(closure),
            "replay_ms": replay_ms,
            "walk_ms": walk_ms,
            "impact_ms": replay_ms + walk_ms,
        }

    return Results(figures_of("analysis", [run() for _ in range(setting.repeat)], UNITS))


def _bundles(now_s: int) -> tuple[CompiledBundle, CompiledBundle]:
    """The built-in documents, and the same with nobody reading across the EEA."""
    documents = builtin_documents()
    narrower = tuple(text.replace("to: [EEA]", 'to: ["DE"]') for text in documents)
    old, new = (
        Bundle(number, texts, BUILTIN_REGIONS) for number, texts in enumerate((documents, narrower), 1)
    )
    return compile_bundle(old, now_s), compile_bundle(new, now_s)


def _histogram(chance: random.Random, now_s: int) -> Histogram:
    regions = [region.id for region in BUILTIN_REGIONS]
    rows: dict[Key, list[int]] = {}
    while len(rows) < KEYS:
        key = Key(
            f"T{chance.randrange(300)}",
            chance.choice(_HOMES),
            chance.choice(_OPS),
            chance.choice(_LEAVES),
            chance.choice(regions),
            chance.choice(regions),
            chance.choice(RELATIONS),
            chance.choice(("DE", "FR", "US", "IN", "GB", "CN")),
            chance.choice(("local", "search")),
        )
        rows[key] = [chance.randrange(100) for _ in range(HOURS)]
    return Histogram(tuple(now_s - (HOURS - number) * HOUR_S for number in range(HOURS)), rows)


def _placements(chance: random.Random) -> list[Placement]:
    regions = [region.id for region in BUILTIN_REGIONS]
    return [
        Placement(
            f"T{number}", "workspace", chance.choice(_HOMES), "cell", chance.choice(regions),
            needs={"bytes": 10**9},
        )
        for number in range(PLACEMENTS)
    ]  # fmt: skip


def _ms(work: Callable[[], object]) -> float:
    began_ns = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - began_ns) / 1_000_000
