"""Histories: what clients tried in one channel, what they read afterwards, and what is wrong between the two.

A message is known by its key (`client_msg_id`). The contract: `ok` was acknowledged and must be there, `fail`
must never be there, `unknown` may be there once. Checks are linear or n log n in the length of the history.
"""

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

Outcome = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to post. Times are of one monotonic clock; `ts` is empty unless acknowledged."""

    key: str
    text: str
    invoked_s: float
    ended_s: float
    outcome: Outcome
    ts: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One message as it was read."""

    ts: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise: which, and of which message or topic."""

    kind: str
    what: str


class History:
    """Attempts of several clients, in the order in which they ended. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []

    def add(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts.append(attempt)

    @property
    def attempts(self) -> list[Attempt]:
        """A copy of what was recorded so far."""
        with self._lock:
            return list(self._attempts)

    def acknowledged(self) -> dict[str, str]:
        """Key to `ts` of each acknowledged message."""
        return {attempt.key: attempt.ts for attempt in self.attempts if attempt.outcome == "ok"}

    def unsettled(self) -> set[str]:
        """Keys whose fate no client was ever told."""
        told = {attempt.key for attempt in self.attempts if attempt.outcome != "unknown"}
        return {attempt.key for attempt in self.attempts} - told


def rows(messages: Iterable[dict[str, Any]]) -> list[Row]:
    """What `conversations.history` gave, oldest first; messages without a key are of others and left out."""
    kept = [message for message in messages if message.get("client_msg_id")]
    return [Row(message["ts"], message["client_msg_id"], message["text"]) for message in reversed(kept)]


def findings(attempts: Sequence[Attempt], *reads: Sequence[Row]) -> list[Finding]:
    """Everything wrong between the attempts and final reads, each oldest first."""
    found: list[Finding] = []
    for read in reads:
        found += _of_read(attempts, read)
    found += _of_answers(attempts)
    found += _of_time(attempts)
    if any(list(read) != list(reads[0]) for read in reads[1:]):
        found.append(Finding("diverged", "reads differ"))
    return found


def _of_read(attempts: Sequence[Attempt], read: Sequence[Row]) -> Iterable[Finding]:
    outcomes: dict[str, set[str]] = {}
    texts: dict[str, str] = {}
    answered: dict[str, str] = {}
    for attempt in attempts:
        outcomes.setdefault(attempt.key, set()).add(attempt.outcome)
        texts[attempt.key] = attempt.text
        if attempt.outcome == "ok":
            answered[attempt.key] = attempt.ts
    seen: dict[str, Row] = {}
    for row in read:
        if row.key in seen:
            yield Finding("duplicate", row.key)
        seen[row.key] = row
        if outcomes.get(row.key, {"fail"}) == {"fail"}:
            yield Finding("phantom", row.key)
        elif row.text != texts[row.key]:
            yield Finding("altered", row.key)
        if row.key in answered and answered[row.key] != row.ts:
            yield Finding("renamed", row.key)
    yield from (Finding("lost", key) for key in answered if key not in seen)
    for before, after in pairwise(read):
        if before.ts >= after.ts:
            yield Finding("disorder", after.key)


def _of_answers(attempts: Sequence[Attempt]) -> Iterable[Finding]:
    """One key is one message: every answer to it names the same."""
    named: dict[str, str] = {}
    for attempt in attempts:
        if attempt.outcome == "ok" and named.setdefault(attempt.key, attempt.ts) != attempt.ts:
            yield Finding("answered twice", attempt.key)


def _of_time(attempts: Sequence[Attempt]) -> Iterable[Finding]:
    """Acknowledged before another was begun: it stands before that one."""
    first: dict[str, Attempt] = {}
    begun: dict[str, float] = {}
    for attempt in attempts:
        begun[attempt.key] = min(begun.get(attempt.key, attempt.invoked_s), attempt.invoked_s)
        if attempt.outcome == "ok":
            first.setdefault(attempt.key, attempt)
    ended = sorted(first.values(), key=lambda attempt: attempt.ended_s)
    place, highest = 0, ""
    for attempt in sorted(first.values(), key=lambda attempt: begun[attempt.key]):
        while place < len(ended) and ended[place].ended_s < begun[attempt.key]:
            highest = max(highest, ended[place].ts)
            place += 1
        if attempt.ts <= highest:
            yield Finding("out of time", attempt.key)


def stream_findings(*sockets: Sequence[dict[str, Any]]) -> list[Finding]:
    """Gaps and changed repetitions in what a device was told, socket after socket; `x_resync` begins anew."""
    found: list[Finding] = []
    last: dict[str, int] = {}
    told: dict[tuple[str, int], dict[str, Any]] = {}
    for frames in sockets:
        for frame in frames:
            if frame.get("type") == "hello" and frame.get("x_resync"):
                last.clear()
            number = frame.get("x_seq")
            if not isinstance(number, int):
                continue
            topic = topic_of(frame)
            if told.setdefault((topic, number), frame) != frame:
                found.append(Finding("told differently", f"{topic} {number}"))
            if topic in last and number > last[topic] + 1:
                found.append(Finding("gap", f"{topic} {last[topic]} to {number}"))
            last[topic] = max(number, last.get(topic, number))
    return found


OF_USER = re.compile(r"im_created|(channel|group|im|mpim)_(joined|left|open|close|marked)")
OF_WORKSPACE = re.compile(r"channel_created|team_join|user_change|user_\w+_changed")


def topic_of(frame: dict[str, Any]) -> str:
    """Whose number a frame carries: a conversation's, the user's own, or the workspace's."""
    kind = str(frame.get("type"))
    if OF_USER.fullmatch(kind):
        return "user"
    if OF_WORKSPACE.fullmatch(kind):
        return "workspace"
    channel = frame.get("channel") or frame.get("item", {}).get("channel")
    return str(channel["id"] if isinstance(channel, dict) else channel)
