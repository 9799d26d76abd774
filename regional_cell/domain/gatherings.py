"""Gatherings: who would be in the conversations of a workspace after a command, and what the policies make of
it.

The workspace's own people count as authors and viewers of every conversation: they may be let in at any time,
and bots and notices speak for them. All full members count as viewers of a public one, since they read it
without being in it.

Invariants
    1. No command lets a party into a conversation that the policies would then refuse; the whole command is
       refused, with the rule.
    2. A ruling changes in the same commit as who gathers: the command is written on condition that the head
       is the one that it was decided against.
    3. Going is never refused. What a party wrote that is gone counts on.
    4. A process whose policies are behind those under which the workspace was last ruled on lets nobody in.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from accord.errors import BundleSkewError, WithheldError
from regional_cell.domain.changes import Row
from regional_cell.domain.decisions import Decided
from regional_cell.domain.events import Draft, Payload
from regional_cell.domain.parties import as_party, own_party, ruling_of
from regional_cell.domain.state import State, apart_of
from residency_policies.conversation import Gathering, Law, Party, Ruling, judge

Apart = tuple[str, str] | None
_USERS = frozenset({"UserJoined", "UserRoleSet", "UserDeactivated", "UserReactivated"})
MOVES = _USERS | {"ChannelCreated", "MemberAdded", "MemberRemoved"}


@dataclass(frozen=True, slots=True, order=True)
class Stage:
    """Of the policies: bundle version, and the second (exclusive) until which its tables hold."""

    bundle: int
    until_s: int


class Bench(Protocol):
    """What rules: the policies as they are at this moment."""

    @property
    def stage(self) -> Stage:
        """Of the policies in force."""

    @property
    def region(self) -> str:
        """Where conversations are at home here."""

    def law(self, state: State) -> Law:
        """What they say of the workspace."""


class After:
    """The workspace as it would be after some events. The state is read, never changed."""

    def __init__(self, state: State, drafts: Iterable[Draft]) -> None:
        self.state, self.own = state, own_party(state)
        self.kinds: dict[str, str] = {}
        self._users: dict[str, Apart] = {}
        self._moves: dict[str, dict[str, bool]] = {}
        for draft in drafts:
            self._take(draft.kind, draft.payload)

    def _take(self, kind: str, payload: Payload) -> None:
        if kind == "ChannelCreated":
            self.kinds[payload["channel"]] = payload["kind"]
            self._moves[payload["channel"]] = dict.fromkeys(payload["members"], True)
        elif kind in ("MemberAdded", "MemberRemoved"):
            self._moves.setdefault(payload["channel"], {})[payload["user"]] = kind == "MemberAdded"
        elif kind == "UserJoined":
            content = {"jurisdiction": payload.get("jurisdiction", "")}
            row = {"role": payload["role"], "bot": payload.get("bot", ""), "content": content}
            self._users[payload["user"]] = apart_of(row)
        elif kind in _USERS:
            row = self.state.row("users", payload["user"]) or {}
            gone = kind == "UserDeactivated" or (row.get("deleted") and kind != "UserReactivated")
            self._users[payload["user"]] = apart_of(
                {**row, "role": payload.get("role", row.get("role", "")), "deleted": int(bool(gone))}
            )

    def audience(self, *, after: bool) -> frozenset[Party]:
        """Parties of all full members."""
        apart: dict[str, Apart] = {**self.state.apart, **(self._users if after else {})}
        full = {one for one in apart.values() if one is not None and one[0] == "employee"}
        return frozenset({self.own, *(as_party(one, self.own) for one in full)})

    def added(self, channel: str) -> dict[str, Party]:
        """Users who would be new there, with their parties."""
        moves = self._moves.get(channel, {})
        return {user: self._party(user, after=True) for user, here in moves.items() if here}

    def touched(self) -> Iterator[str]:
        """Channels of which the gathering may have changed."""
        channels = set(self._moves)
        for user in self._users:
            channels |= self.state.channels_of.get(user, set())
        if self.audience(after=True) != self.audience(after=False):
            rows = self.state.rows["channels"].items()
            channels |= {key[0] for key, row in rows if row["kind"] == "public"}
        yield from sorted(channels)

    def present(self, channel: str, *, after: bool) -> frozenset[Party]:
        """Parties of the members, and the workspace's own."""
        members, apart = self.state.members_of.get(channel, {}), self.state.apart
        few, many = (apart, members) if len(apart) < len(members) else (members, apart)
        users = {user for user in few if user in many}
        if after:
            users |= {user for user in self._users if user in members}
            for user, here in self._moves.get(channel, {}).items():
                (users.add if here else users.discard)(user)
        return frozenset({self.own, *(self._party(user, after=after) for user in users)})

    def kind(self, channel: str) -> str:
        """`public`, `private`, `im` or `mpim`."""
        row = self.state.row("channels", channel)
        return self.kinds.get(channel) or (row or {}).get("kind", "")

    def _party(self, user: str, *, after: bool) -> Party:
        known = self._users if after and user in self._users else self.state.apart
        return as_party(known.get(user), self.own)


def ruled(state: State, decided: Decided, principal: str, bench: Bench) -> Decided:
    """What was decided, with the rulings that change by it.

    Raises: WithheldError when somebody would come into a conversation that is unlawful with them;
        BundleSkewError.
    """
    moves = [draft for draft in decided.drafts if draft.kind in MOVES]
    workspace = state.row("workspaces") if moves and state.kind == "T" else None
    if workspace is None:
        return decided
    require_stage(workspace, bench.stage)
    after, law = After(state, moves), bench.law(state)
    guest = state.apart.get(principal, ("",))[0] == "guest"
    more: list[Draft] = []
    for channel in after.touched():
        kept, before, now, past = _gatherings(after, channel)
        ruling = judge(law, bench.region, now)
        if ruling.outcome == "refused":
            added = after.added(channel)
            if not (now.authors <= before.authors and now.viewers <= before.viewers):
                raise refusal(ruling, channel, added, now, before, member=not guest)
            if not ruling.barred.keys().isdisjoint(added.values()):
                raise refusal(ruling, channel, added, now, before, member=not guest)
        more += _change(channel, kept, ruling, past, bench.stage)
    return msgspec.structs.replace(decided, drafts=(*decided.drafts, *more)) if more else decided


def require_stage(workspace: Row, stage: Stage) -> None:
    """The policies here are not behind those of the last walk. Raises BundleSkewError."""
    if (bound := bound_of(workspace)) > stage:
        raise BundleSkewError(ours=stage.bundle, theirs=bound.bundle, retry_after_ms=1_000)


def bound_of(workspace: Row) -> Stage:
    """Under which stage of the policies its conversations were last ruled on, all of them."""
    bound = workspace["content"].get("bound") or {"bundle": 0, "until_s": 0}
    return Stage(bound["bundle"], bound["until_s"])


def _gatherings(after: After, channel: str) -> tuple[dict[str, Any], Gathering, Gathering, set[str]]:
    """What was ruled, who gathers before and after, and the parties that wrote and are gone."""
    kept = ruling_of(after.state.row("channels", channel) or {})
    past = set(kept.get("past", ()))
    gone = frozenset(map(Party.parse, past))
    was, now = after.present(channel, after=False), after.present(channel, after=True)
    past |= {str(party) for party in was - now if str(party) not in kept.get("silent", {})}
    public = after.kind(channel) == "public"
    reads_before = was | after.audience(after=False) if public else was
    reads_now = now | after.audience(after=True) if public else now
    before = Gathering() if channel in after.kinds else Gathering(was | gone, reads_before)
    return kept, before, Gathering(now | frozenset(map(Party.parse, past)), reads_now), past


def refusal(
    ruling: Ruling, channel: str, added: dict[str, Party], now: Gathering, before: Gathering, *, member: bool
) -> WithheldError:
    """The refusal that a ruling stands for; it names the users by whom it came, as far as they are known."""
    decision = ruling.refusal
    assert decision is not None
    fresh = (now.authors | now.viewers) - (before.authors | before.viewers)
    users = [user for user, party in added.items() if party in fresh or party in ruling.barred]
    error = WithheldError(decision.user_text, code=decision.code, channel=channel, users=",".join(users))
    error.metadata |= decision.told(member=member)
    if member and ruling.nearest:
        # What would make the conversation lawful, not the one flow of it that is refused first.
        error.metadata["nearest"] = ruling.nearest
    return error


def record_of(ruling: Ruling, past: Iterable[str]) -> dict[str, Any]:
    """What is kept with a conversation. `silent` and `barred`: party to rule."""
    decision = ruling.refusal
    return {
        "outcome": ruling.outcome,
        "rule": (decision.rule or decision.code) if decision is not None else "",
        "nearest": ruling.nearest,
        "silent": {str(party): why.rule or why.code for party, why in ruling.silent.items()},
        "barred": {str(party): why.rule or why.code for party, why in ruling.barred.items()},
        "past": sorted(past),
    }


def _change(channel: str, kept: dict[str, Any], ruling: Ruling, past: set[str], stage: Stage) -> list[Draft]:
    """The event of a ruling that differs from the kept one; the conversation hears what it can notice."""
    record = record_of(ruling, past)
    held = kept or {**record_of(Ruling("here", ()), ()), "past": []}
    if all(held[name] == value for name, value in record.items()):
        return []
    heard = (held["outcome"], held["rule"]) != (record["outcome"], record["rule"])
    payload = {"channel": channel, **record, "bundle": stage.bundle}
    return [Draft("ConversationRuled", payload, (channel,) if heard else ())]


@dataclass(frozen=True, slots=True)
class Rebound:
    """What a walk found: (channel, what is kept of it now) of those that it ruled otherwise than before."""

    changed: tuple[tuple[str, dict[str, Any]], ...] = ()


def rebind(state: State, bench: Bench, tell: Callable[[State, Sequence[Draft]], Iterable[Draft]]) -> Decided:
    """Rule on all conversations of a workspace anew, when the policies are further than they were; `answer`
    is `Rebound`. Nothing is lost: who is there stays, and so does what they wrote.

    Args:
        tell: the events that tell people of the rulings that changed.
    """
    workspace = state.row("workspaces") if state.kind == "T" else None
    if workspace is None or bound_of(workspace) >= bench.stage:
        return Decided((), answer=Rebound())
    after, law, stage = After(state, ()), bench.law(state), bench.stage
    found: list[Draft] = []
    for (channel,) in sorted(state.rows["channels"]):
        kept, _, now, past = _gatherings(after, channel)
        found += _change(channel, kept, judge(law, bench.region, now), past, stage)
    told = tell(state, [draft for draft in found if draft.topics])
    bound = Draft("PolicyBound", {"bundle": stage.bundle, "until_s": stage.until_s})
    changed = tuple((draft.payload["channel"], draft.payload) for draft in found)
    return Decided((bound, *found, *told), structural=True, answer=Rebound(changed))
