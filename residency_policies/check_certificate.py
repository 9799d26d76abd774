"""Checks certificates; imports nothing of the analyser. It looks at every move out of what is reached."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.claims import Claim, demands_of, digest_of
from residency_policies.compile import Answer, Guard, compile_stack
from residency_policies.decision import Region
from residency_policies.derivations import DERIVED, ENDS_IN, carriers
from residency_policies.places import ALL_COUNTRIES
from residency_policies.vocabulary import OPERATIONS, SHOWING


def faults(certificate: Mapping[str, Any], bundle: Bundle) -> list[str]:
    """Why the certificate does not show its claim for the bundle; empty when it does."""
    policy: Any = next((one for one in bundle.parsed if one.id == certificate["policy"]), None)
    if (certificate["bundle"], certificate["digest"]) != (bundle.hash, digest_of(certificate)):
        return ["it was made for another bundle, or changed since"]
    compiled, claim = compile_bundle(bundle, certificate["at_s"]), Claim.from_json(certificate["claim"])
    stack = compiled.stack_for(policy, (*policy.applies_to.establishment, "")[0])
    lacking = sorted(ALL_COUNTRIES - {one.place for one in stack.regions})
    world = replace(stack, regions=(*stack.regions, *(Region(code, code) for code in lacking)))
    table, country = compile_stack(world), {one.id: one.place for one in world.regions}
    at = [dict(zip(table.values[i], table.offsets[i][1:], strict=True)) for i in range(len(table.values))]
    alike = [{place: {w for w in words if words[w] == place} for place in words.values()} for words in at]

    def moves(op: str, leaf: str, src: int) -> Iterator[tuple[set[str], set[str], Answer]]:
        for points in product(*(groups.items() for groups in alike[3:])):
            (_, who), _, (_, dsts), (_, viewers) = points
            shown = viewers if op in SHOWING and who != {"system"} else set()
            entry = table.answers[table.cells[at[0][op] + at[1][leaf] + src + sum(x for x, _ in points)]]
            facts, answers = (entry.facts, entry.answers) if isinstance(entry, Guard) else ((), (entry,))
            for bits, one in enumerate(answers):
                if one.decision.allow and claim.concerns(one.decision.instrument, facts, bits):
                    yield dsts, shown | {country[region] for region in dsts}, one

    found = claim.lacks(policy.placement, stack.regions)
    for demand in demands_of(claim):
        inside = {at[2][region] for region in country if country[region] in demand.sources}
        for op, leaf, src in product(demand.ops, demand.leaves, inside):
            owed = (one.owed for _, seen, one in moves(op, leaf, src) if seen & demand.targets)
            found += [f"{op} of {leaf} owes too little" for one in owed if not demand.owes <= one]
    for source in claim.leaves if claim.custodies else ():
        ends, need = certificate["reached"][source], defaultdict(set)
        need["platform", source] = {region for region in country if country[region] in claim.sources}
        for leaf, places in ends["platform"].items():
            for made in DERIVED[leaf]:
                need["platform", made].update(places)
            for op, form, src in product(OPERATIONS, (leaf, *carriers(leaf)), {at[2][one] for one in places}):
                for dsts, seen, _ in moves(op, form, src):
                    for end in ENDS_IN[op] if form == leaf else {*ENDS_IN[op]} & {"platform"}:
                        need[end, leaf].update(dsts if end == "platform" else seen)
        found += [f"{x[1]} leaves what is reached" for x in need if need[x] - {*ends[x[0]].get(x[1], ())}]
        there = {country.get(x, x) for end in claim.custodies for held in ends[end].values() for x in held}
        found += [f"{one} is reached" for one in sorted(there & claim.forbidden)]
    return found
