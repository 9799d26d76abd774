"""A policy decision in process, beside Cedar's engine asked the same: the German default with its floors. And
the table of a large policy: 80 rules on 40 regions, with instruments.

`cedarpy` takes its policies as text with each call, so its figure holds their parsing; ours is compiled
beforehand, as in a cell. Percentiles are over slices of 100 decisions, because a clock costs as much as one.
"""

import json
import random
import time
from collections.abc import Callable

import cedarpy

from benchmarks.figures import Results, figures_of
from benchmarks.setting import Setting
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents, builtin_floors
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.compile import compile_stack
from residency_policies.decision import Question, Region, Viewer
from residency_policies.model import Policy
from residency_policies.places import COUNTRIES
from residency_policies.stack import Stack
from residency_policies.vocabulary import CLASS_GROUPS, OPERATIONS, PURPOSES, RELATIONS
from tests.residency_policies import cedar
from tests.residency_policies.support import flow, instrument, policy

SLICES, SLICE, CEDAR_ROUNDS = 2_000, 100, 20
RULES, PLACES = 80, 40
UNITS = {
    "bound_us": "us",
    "bound_p99_us": "us",
    "decide_us": "us",
    "decide_p99_us": "us",
    "cedarpy_us": "us",
    "times_faster": "x",
    "compile_ms": "ms",
}


async def measure(setting: Setting) -> Results:
    """Microseconds of one decision: with operation, class and place bound beforehand, with nothing bound,
    by Cedar; milliseconds of compiling the large policy.
    """
    compiled = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), int(time.time()))
    document = next(one for one in compiled.bundle.parsed if one.id == "default/de")
    assert isinstance(document, Policy)
    policies = cedar.policies(compiled.stack_for(document, "DE"))
    profile = compiled.profile_for("T1", "DE")
    places = {region.country: region.id for region in BUILTIN_REGIONS}
    viewer = Viewer("employee", "US")
    asked = Question(
        "T1", 1, "disclose", "message_body", places["DE"], places["US"], viewer, PURPOSES[0],
        can=frozenset({"ledger_entry"}),
    )  # fmt: skip
    request = cedar.request(asked)
    bound = profile.bind(asked.op, asked.data_class, asked.src)
    answer = profile.decide(asked)
    agreed = answer.allow and cedarpy.is_authorized(request, policies, []).allowed
    large = large_stack()

    def run() -> dict[str, float]:
        ours = _slices_us(lambda: profile.decide(asked))
        ahead = _slices_us(
            lambda: bound(asked.dst, viewer.relation, viewer.country, asked.purpose, asked.facts, asked.can)
        )
        cedar_us = _each_us(lambda: cedarpy.is_authorized(request, policies, []), CEDAR_ROUNDS)
        return {
            "bound_us": ahead[SLICES // 2],
            "bound_p99_us": ahead[SLICES * 99 // 100],
            "decide_us": ours[SLICES // 2],
            "decide_p99_us": ours[SLICES * 99 // 100],
            "cedarpy_us": cedar_us,
            "times_faster": cedar_us / ours[SLICES // 2],
            "compile_ms": _each_us(lambda: compile_stack(large), 1) / 1_000,
        }

    figures = figures_of("policy", [run() for _ in range(setting.repeat)], UNITS)
    return Results(figures, faults=[] if agreed else [f"policy: Cedar does not agree about {answer.code}"])


def large_stack() -> Stack:
    """A German workspace with many rules and three instruments under its floors, on many regions; always the
    same one.
    """
    chance = random.Random(5)  # noqa: S311 - rules, no secrets
    others = chance.sample([code for code in COUNTRIES if code not in ("DE", "US", "IN")], PLACES - 3)
    codes = ["DE", "US", "IN", *others]
    lists = [*(chance.sample(codes, 6) for _ in range(4)), ["EEA"], ["US_COUNTRIES_OF_CONCERN"]]
    acts = [chance.sample(OPERATIONS, 4) for _ in range(8)]
    flows = []
    for number in range(RULES):
        effect = chance.choice(("permit", "permit", "deny"))
        classes = chance.sample([*CLASS_GROUPS, "message_body", "profile_pii"], 2)
        one = flow(
            f"F{number}", effect, classes=classes, ops=chance.choice(acts), to=chance.choice(lists),
            viewers=chance.sample(RELATIONS, 3),
        )  # fmt: skip
        if chance.random() < 0.2:
            one["when"] = {"channel_tag": chance.choice(("a", "b", "c"))}
        flows.append(one)
    papers = [
        instrument(f"ins-{kind}", kind, to=chance.choice(lists[:4]), classes=["content"], ops=acts[number])
        for number, kind in enumerate(("scc", "bcr", "consent"))
    ]
    text = json.dumps(policy(flows=flows, instruments=papers))
    regions = tuple(Region(f"r-{code.lower()}", code) for code in codes)
    compiled = compile_bundle(Bundle(1, (text, *builtin_floors()), regions), 1_795_219_200)
    return compiled.first_stack(compiled.policies[0])


def _slices_us(ask: Callable[[], object]) -> list[float]:
    """Microseconds of one call, as the mean of each slice, in order."""
    return sorted(_each_us(ask, SLICE) for _ in range(SLICES))


def _each_us(ask: Callable[[], object], rounds: int) -> float:
    began_ns = time.perf_counter_ns()
    for _ in range(rounds):
        ask()
    return (time.perf_counter_ns() - began_ns) / 1_000 / rounds
