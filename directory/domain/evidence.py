"""What an auditor needs about one revision: who made it, who signed what, what was found, where it arrived.

Invariants
    1. Every statement is one of the directory's records; nothing is concluded from the absence of one. A node
       that never acknowledged is named, with no time.
    2. Entries of the policy log come with all that proves them against one signed checkpoint.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from directory.domain.bundles import Acknowledgement, SignedBundle
from directory.domain.halts import HaltRecord
from directory.domain.policies import Revision, analysis_hash, facts_of
from directory.domain.policy_log import LogEntry

_SUMS = ("allowed", "refused", "owes")


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry of the policy log with its inclusion proof (RFC 6962, 2.1.1) in the tree of the checkpoint."""

    entry: LogEntry
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A cell or an edge, and its first acknowledgement of a bundle or a later one; None: there is none.

    Attributes:
        here: whether it belongs to the federation now.
    """

    node: str
    here: bool
    first: Acknowledgement | None


@dataclass(frozen=True, slots=True)
class Told:
    """A bundle that brought a revision to cells and edges. `act`: the entry of the log that says why."""

    act: str
    bundle: SignedBundle
    activated_s: int
    arrivals: tuple[Arrival, ...]


def arrivals(nodes: Iterable[str], first: Iterable[Acknowledgement]) -> tuple[Arrival, ...]:
    """Of the nodes that there are, and of those that were there and acknowledged, by name."""
    held, here = {it.node: it for it in first}, set(nodes)
    return tuple(Arrival(node, node in here, held.get(node)) for node in sorted(here | held.keys()))


def told_by(entries: Iterable[LogEntry], number: int) -> dict[int, str]:
    """Version of each bundle that was made for the revision, and the act that made it."""
    found: dict[int, str] = {}
    for entry in entries:
        version = entry.open.get("bundle_version")
        if entry.open.get("revision") == number and isinstance(version, int):
            found.setdefault(version, str(entry.open["act"]))
    return found


def about(entry: LogEntry, number: int, versions: Iterable[int], halts: Iterable[int]) -> bool:
    """Whether an entry tells of the revision, of one of its bundles, or of one of the halts."""
    shown = entry.open
    if shown.get("revision") == number or shown.get("halt") in set(halts):
        return True
    return "revision" not in shown and shown.get("bundle_version") in set(versions)


def overlapping(halts: Iterable[HaltRecord], from_s: int, until_s: int) -> list[HaltRecord]:
    """Halts that stood at some time between the two."""
    return [it for it in halts if it.halted_s <= until_s and (it.lifted_s or it.until_s) >= from_s]


def in_short(revision: Revision) -> dict[str, Any] | None:
    """The analysis that was signed: its hash, and each of its parts as a few numbers. None without one."""
    if not revision.analysis:
        return None
    facts: Mapping[str, Any] = facts_of(revision)
    diff = facts.get("diff") or {}
    return {
        "sha256": analysis_hash(revision.analysis),
        "direction": facts["direction"],
        "at_s": facts["at_s"],
        "world": facts["world"],
        "candidate_sha256": facts["candidate_sha256"],
        "packs": diff.get("packs", []),
        "policies": [_policy(it) for it in diff.get("policies", [])],
        "placements": _numbers(facts.get("placements")),
        "traffic": _traffic(facts.get("traffic")),
    }


def _policy(shape: Mapping[str, Any]) -> dict[str, Any]:
    groups: Sequence[object] = shape.get("groups") or ()
    said = {name: shape[name] for name in ("policy", "what", "direction")}
    return {**said, "groups": len(groups) + shape.get("more_groups", 0)}


def _numbers(part: Mapping[str, Any] | None) -> dict[str, int]:
    return {name: value for name, value in (part or {}).items() if isinstance(value, int)}


def _traffic(part: Mapping[str, Any] | None) -> dict[str, Any]:
    if part is None:
        return {}
    sums = {name: part[name]["flows"] for name in _SUMS if name in part}
    unknown = [it["node"] for it in part.get("nodes", ()) if it["since_s"] is None]
    return {**_numbers(part), **sums, "unknown": unknown}
