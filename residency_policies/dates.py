"""Dates of documents against the calendar: reviews, ends of facts and instruments, age of law facts."""

from collections.abc import Iterable, Iterator
from typing import Final

from residency_policies.decision import instant_text
from residency_policies.errors import Finding
from residency_policies.model import Document, FloorPack, InstrumentDocument, Policy, Waiver

DAY_S: Final = 86_400
REVIEW_S_MAX: Final = 366 * DAY_S


def date_findings(document: Document, at_s: int) -> list[Finding]:
    """What the calendar says against a document at an instant (Unix seconds)."""
    if isinstance(document, Policy):
        return list(_policy(document, at_s))
    if isinstance(document, FloorPack):
        return list(_pack(document, at_s))
    if isinstance(document, InstrumentDocument):
        return [_expired(document.id, document)] if document.instrument.until_s <= at_s else []
    return list(_waiver(document, at_s))


def begin_findings(documents: Iterable[Document], put_s: int) -> list[Finding]:
    """Policies that are new and would begin before the instant at which they are put into force."""
    late = [one for one in documents if isinstance(one, Policy) and (one.effective_s or put_s) < put_s]
    sentence, suggestion = "begins in the past", f"Choose a time after {instant_text(put_s)}."
    return [
        Finding(one.id, *one.effective_at, "E-BACKDATE", "metadata.effective.from", sentence, suggestion)
        for one in late
    ]


def day_text(unix_s: int) -> str:
    """The date alone where it is the start of a day, else the instant."""
    text = instant_text(unix_s)
    return text[:10] if text.endswith("T00:00:00Z") else text


def _policy(policy: Policy, at_s: int) -> Iterator[Finding]:
    begins_s = max(at_s, policy.effective_s or 0)
    at, review_s = policy.review_at, policy.review_s
    if review_s is None:
        yield Finding(policy.id, *at, "W-REVIEW", "metadata", "has no review date", "Add review_by.")
    elif review_s <= at_s:
        yield Finding(policy.id, *at, "W-REVIEW", "metadata.review_by", "the review date has passed")
    elif review_s > begins_s + REVIEW_S_MAX:
        sentence = "the review is more than a year away; policies are reviewed yearly"
        yield Finding(policy.id, *at, "W-REVIEW", "metadata.review_by", sentence)
    for fact in policy.facts:
        if fact.until_s <= at_s:
            sentence = "has expired and no longer counts"
            yield Finding(policy.id, *fact.at, "W-EXPIRES", f"facts.{fact.id}", sentence)
    for one in policy.instruments:
        path = f"instruments.{one.id}"
        if one.until_s <= at_s:
            sentence = f"ended {day_text(one.until_s)} and no longer counts"
            yield Finding(policy.id, *one.at, "E-INSTRUMENT-EXPIRED", path, sentence, "Renew it.")
        elif review_s is not None and one.until_s < review_s:
            sentence = f"ends {day_text(one.until_s)}, before this policy's review date"
            yield Finding(policy.id, *one.at, "W-EXPIRES", path, sentence)


def _expired(name: str, document: InstrumentDocument) -> Finding:
    one = document.instrument
    sentence = f"ended {day_text(one.until_s)} and no longer counts"
    return Finding(name, *one.at, "E-INSTRUMENT-EXPIRED", f"instrument.{one.id}", sentence, "Renew it.")


def _pack(pack: FloorPack, at_s: int) -> Iterator[Finding]:
    limit_s = pack.review_days * DAY_S
    if pack.last_checked_s + limit_s < at_s:
        sentence = f"its facts were last confirmed {day_text(pack.last_checked_s)}"
        yield Finding(pack.id, 0, 0, "W-UNCHECKED-FACT", "metadata.last_checked", sentence)
    for rule in pack.rules:
        if rule.last_checked_s is not None and rule.last_checked_s + limit_s < at_s:
            sentence = f"its source was last confirmed {day_text(rule.last_checked_s)}"
            yield Finding(pack.id, *rule.at, "W-UNCHECKED-FACT", f"rules.{rule.id}", sentence)


def _waiver(waiver: Waiver, at_s: int) -> Iterator[Finding]:
    if waiver.until_s <= at_s:
        sentence = f"ended {day_text(waiver.until_s)} and no longer counts"
        yield Finding(waiver.id, *waiver.at, "W-EXPIRES", "valid.until", sentence)
