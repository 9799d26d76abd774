"""Placement against the regions that there are, and against the places of its keys."""

from collections.abc import Iterator

from residency_policies.errors import Finding
from residency_policies.model import Flow, PlacementEntry
from residency_policies.places import ALL_COUNTRIES, countries_of
from residency_policies.resolve import classes_of
from residency_policies.stack import Stack

# What needs the data in clear at the place where it is done.
_OPENING = frozenset({"process", "index", "key_use"})
# The words of a search are no data of a placement: the asker types them.
_TYPED = frozenset({"search"})


def placement_findings(stack: Stack) -> Iterator[Finding]:
    """What cannot be had where the placement of a stack's own policy wants it."""
    for entry in stack.policy.placement:
        yield from _replicas(stack, entry)
        if entry.keys:
            yield from _keys(stack, entry)


def _replicas(stack: Stack, entry: PlacementEntry) -> Iterator[Finding]:
    inside = countries_of(entry.replicas)
    there = [region.id for region in stack.regions if region.place in inside]
    if entry.replicas_min > len(there):
        count = f"{len(there)} region{'' if len(there) == 1 else 's'}"
        sentence = f"asks for {entry.replicas_min} copies in {', '.join(entry.replicas)}; {count} there"
        suggestion = "Ask for fewer or name further places."
        path = f"placement.{entry.id}.replicas"
        yield Finding(stack.policy.id, *entry.at, "E-REPLICA-MIN", path, sentence, suggestion)


def _keys(stack: Stack, entry: PlacementEntry) -> Iterator[Finding]:
    keys, where = countries_of(entry.keys), ", ".join(entry.keys)
    outside = sorted(countries_of(entry.primary) - keys)
    if outside:
        sentence = f"rests in {_short(outside)}, but its keys are in {where} only"
        path = f"placement.{entry.id}.keys"
        yield Finding(stack.policy.id, *entry.at, "E-KEY-PLACE", path, sentence, "Widen keys.")
    for flow in stack.policy.flows:
        opens = sorted(_OPENING & set(flow.ops))
        shared = classes_of(flow.classes) & classes_of(entry.classes)
        if flow.effect != "permit" or not opens or not shared or "blind_only" in flow.obligations:
            continue
        if outside := sorted(_reach(flow) - keys):
            sentence = f"keys in {where} only, but {flow.id} lets {_short(outside)} {opens[0]} it"
            suggestion = "Add blind_only or widen keys."
            path = f"flows.{flow.id}"
            yield Finding(stack.policy.id, *flow.at, "E-KEY-PLACE", path, sentence, suggestion)


def _reach(flow: Flow) -> frozenset[str]:
    if flow.purposes and set(flow.purposes) <= _TYPED:
        return frozenset()
    return countries_of(flow.to) if flow.to else ALL_COUNTRIES - countries_of(flow.to_not)


def _short(places: list[str]) -> str:
    more = len(places) - 4
    return ", ".join(places[:4]) + (f" and {more} more" if more > 0 else "")
