"""Shows a verdict to people: counts, what was served beside the faults, and of each violation the lines that
show it with the part of the channel where it happened.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from deploy.audit.index import Index, Message
from deploy.audit.verdict import INVARIANTS, Span, Verdict, Violation

AROUND = 3
LINE_CHARS_MAX = 240
TEXT_CHARS_MAX = 28
BAR_CHARS = 30


def report(verdict: Verdict, index: Index) -> Iterator[str]:
    """Line by line."""
    yield f"{verdict.name}: {'holds' if verdict.holds else 'BREAKS ' + ' '.join(verdict.invariants)}"
    asked = f"{verdict.acknowledged} acknowledged, {verdict.failed} failed, {verdict.unknown} unknown"
    yield f"  {verdict.operations} operations ({asked})"
    yield f"  {verdict.items} messages read, {verdict.told} events told, {verdict.faults} faults"
    if verdict.faults or not verdict.holds:
        yield from _curve(verdict.spans)
    lines = _lines(verdict)
    for violation in verdict.violations:
        yield ""
        yield from _story(violation, lines, index)
    for (invariant, check), count in sorted(verdict.counts.items()):
        kept = sum((one.invariant, one.check) == (invariant, check) for one in verdict.violations)
        if count > kept:
            yield f"\n  {invariant} {check}: {count - kept} more"


def to_json(verdict: Verdict) -> str:
    """The verdict as one JSON object."""
    counts = {f"{invariant} {check}": count for (invariant, check), count in sorted(verdict.counts.items())}
    told = {
        "history": verdict.name,
        "holds": verdict.holds,
        "invariants": verdict.invariants,
        "operations": verdict.operations,
        "acknowledged": verdict.acknowledged,
        "failed": verdict.failed,
        "unknown": verdict.unknown,
        "items": verdict.items,
        "told": verdict.told,
        "faults": verdict.faults,
        "counts": counts,
        "violations": [
            {name: getattr(one, name) for name in ("invariant", "check", "what", "channel", "ts", "lines")}
            for one in verdict.violations
        ],
        "spans": [
            {"begins_s": one.begins_s, "asked": one.asked, "served": one.served, "faults": one.faults}
            for one in verdict.spans
        ],
    }
    return json.dumps(told, ensure_ascii=False)


def _curve(spans: list[Span]) -> Iterator[str]:
    most = max((span.asked for span in spans), default=0)
    if most:
        yield "\n    from s   asked  served"
    for span in spans:
        served, asked = (round(BAR_CHARS * count / most) for count in (span.served, span.asked))
        faults = ", ".join(span.faults)
        bar = "#" * served + "." * (asked - served)
        counts = f"{span.begins_s:>8.0f} {span.asked:>7} {span.served:>7}"
        yield f"  {counts}  {bar:<{BAR_CHARS}} {faults}".rstrip()


def _lines(verdict: Verdict) -> dict[int, str]:
    """The text of each line that a violation names, read from the file again."""
    wanted = {line for violation in verdict.violations for line in violation.lines}
    path = Path(verdict.name)
    if not wanted or not path.is_file():
        return {}
    with path.open(encoding="utf-8", errors="replace") as file:
        numbered = enumerate(islice(file, max(wanted)), 1)
        return {number: line.rstrip("\n") for number, line in numbered if number in wanted}


def _story(violation: Violation, lines: dict[int, str], index: Index) -> Iterator[str]:
    yield f"  {violation.invariant} ({INVARIANTS[violation.invariant]}), {violation.check}"
    yield f"    {violation.what}"
    for number in violation.lines:
        text = lines.get(number, "")
        yield f"    {number:>8}: {text if len(text) <= LINE_CHARS_MAX else text[:LINE_CHARS_MAX] + ' ...'}"
    if violation.channel and violation.ts:
        yield from _table(violation, index)


def _table(violation: Violation, index: Index) -> Iterator[str]:
    """The part of the channel around the message, as it stands; a read among the lines has a column of its
    own.
    """
    places = index.places.get(violation.channel, {})
    stamps = sorted(places)
    here = sum(ts < violation.ts for ts in stamps)
    reads = [
        read
        for read in index.history.of("read")
        if read.channel == violation.channel and set(read.lines) & set(violation.lines)
    ]
    heads = "".join(f"  read {read.line:<8}" for read in reads)
    yield f"\n    {violation.channel}"
    names = f"{'ts':<18} {'text':<{TEXT_CHARS_MAX}} {'by':<16} {'sent s':>9} {'answered s':>10} {'end':<8}"
    yield f"      {names}{heads}"
    for ts in stamps[max(0, here - AROUND) : here + AROUND + 1]:
        message = places[ts]
        mark = ">" if ts == violation.ts else " "
        shown = "".join(
            f"  {'shows' if any(item[0] == ts for item in read.more.get('items', ())) else '-':<13}"
            for read in reads
        )
        yield f"    {mark} {_row(message)}{shown}".rstrip()


def _row(message: Message) -> str:
    acknowledged = message.acknowledged
    answered = f"{acknowledged.ended_s:.4f}" if acknowledged is not None else ""
    end = "deleted" if message.deleted is not None else message.sends[-1].outcome
    text = list(message.values)[-1][:TEXT_CHARS_MAX]
    by = message.sends[0].process[:16]
    return (
        f"{message.ts:<18} {text:<{TEXT_CHARS_MAX}} {by:<16} {message.began_s:>9.4f} {answered:>10} {end:<8}"
    )
