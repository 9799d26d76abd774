"""A15: how much of what was asked was answered, second by second beside the faults, and how soon all of it
again.

    a minute after the last fault 99 of 100 are served                                               I13
    while nothing but the directory is away 999 of 1000 are served                                   I12

Served is whatever was acknowledged, or refused for a reason of its own (status 200).
"""

from collections.abc import Iterator

from deploy.audit.history import READS, WRITES, Operation
from deploy.audit.index import Index
from deploy.audit.verdict import Span, Violation, lines_of

HEALED_S = 60.0
HEALED_SHARE = 0.99
AWAY_SHARE = 0.999
ROWS_MAX = 60
ASKED = WRITES | READS


def is_served(operation: Operation) -> bool:
    """Whether it was answered by what it asked for, or by a reason of its own."""
    return operation.outcome == "ok" or (
        operation.outcome == "fail" and operation.more.get("status", 200) == 200
    )


def curve(index: Index) -> list[Span]:
    """At most 60 spans of equal length, whole seconds each."""
    asked = list(index.history.of(*ASKED))
    if not asked:
        return []
    first_s, last_s = asked[0].began_s, max(one.began_s for one in asked)
    each_s = max(1, -(-int(last_s - first_s + 1) // ROWS_MAX))
    spans = [Span(number * each_s) for number in range(int((last_s - first_s) // each_s) + 1)]
    for one in asked:
        span = spans[int((one.began_s - first_s) // each_s)]
        span.asked += 1
        span.served += is_served(one)
    for fault in index.history.of("fault"):
        for span in spans:
            begins_s = first_s + span.begins_s
            if fault.began_s < begins_s + each_s and fault.ended_s >= begins_s:
                span.faults.append(f"{fault.value} {fault.more.get('target', '')}".strip())
    return spans


def check_recovery(index: Index) -> Iterator[Violation]:
    """A15."""
    faults = list(index.history.of("fault"))
    asked = list(index.history.of(*ASKED))
    if faults:
        healed_s = max(fault.ended_s for fault in faults)
        later = [one for one in asked if one.began_s >= healed_s + HEALED_S]
        yield from _check_share(later, HEALED_SHARE, "I13", f"{HEALED_S:.0f} s after the last fault")
    away = [fault for fault in faults if fault.more.get("target") == "directory"]
    others = [fault for fault in faults if fault not in away]
    meanwhile = [
        one
        for one in asked
        if any(fault.began_s <= one.began_s and one.ended_s <= fault.ended_s for fault in away)
        and not any(fault.began_s <= one.ended_s and one.began_s <= fault.ended_s for fault in others)
    ]
    yield from _check_share(meanwhile, AWAY_SHARE, "I12", "while the directory is away")


def _check_share(asked: list[Operation], share: float, invariant: str, when: str) -> Iterator[Violation]:
    unserved = [one for one in asked if not is_served(one)]
    if asked and len(asked) - len(unserved) < share * len(asked):
        what = f"{len(asked) - len(unserved)} of {len(asked)} were served {when}"
        yield Violation(invariant, "A15", what, "", "", lines_of(*unserved[:5]))
