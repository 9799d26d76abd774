"""Parties: how members of a conversation stand to its workspace, and what was last ruled of them."""

from typing import Any

from accord.errors import WithheldError
from regional_cell.domain.changes import Row
from regional_cell.domain.state import State
from residency_policies.conversation import Party
from residency_policies.decision import USER_TEXTS

READ_ONLY = "restricted_action_read_only_channel"


def own_party(state: State) -> Party:
    """The workspace's own people."""
    return Party("employee", (state.row("workspaces") or {})["establishment"])


def as_party(apart: tuple[str, str] | None, own: Party) -> Party:
    """Of what `state.apart` says of a user."""
    return own if apart is None else Party(apart[0], apart[1] or own.jurisdiction)


def party_of(state: State, user: str) -> Party:
    """The party of a user at the head."""
    return as_party(state.apart.get(user), own_party(state))


def ruling_of(row: Row) -> dict[str, Any]:
    """What was last ruled of a conversation, as `ConversationRuled` says it; empty: everybody writes."""
    return (row.get("content") or {}).get("ruling") or {}


def refused_rule(state: State, user: str, row: Row) -> str:
    """The rule by which the user may not write there now; empty when they may."""
    ruling = ruling_of(row)
    if not ruling:
        return ""
    if ruling["outcome"] == "refused":
        return str(ruling["rule"])
    return str(ruling["silent"].get(str(party_of(state, user)), ""))


def require_voice(state: State, user: str, row: Row) -> None:
    """The user's words may rest in the conversation and be shown there.

    Raises WithheldError `restricted_action_read_only_channel`.
    """
    # On the way of every message: a look into the row, and nothing else where nothing was ruled.
    content = row["content"]
    if content and content.get("ruling") and (rule := refused_rule(state, user, row)):
        raise _withheld(state, user, row, rule, READ_ONLY)


def is_barred(state: State, user: str, row: Row) -> bool:
    """Whether the user may not be shown what others wrote there."""
    ruling = ruling_of(row)
    return bool(ruling) and str(party_of(state, user)) in ruling["barred"]


def barred_channels(state: State, user: str) -> set[str]:
    """Where the user may not be shown what others wrote."""
    return {key[0] for key, row in state.rows["channels"].items() if is_barred(state, user, row)}


def require_shown(state: State, user: str, row: Row) -> None:
    """What others wrote there may be shown to the user. Raises WithheldError."""
    if is_barred(state, user, row):
        rule = str(ruling_of(row)["barred"][str(party_of(state, user))])
        raise _withheld(state, user, row, rule, None)


def _withheld(state: State, user: str, row: Row, rule: str, api: str | None) -> WithheldError:
    """Guests are not told what else would be allowed."""
    error = WithheldError(USER_TEXTS["DENIED"], api=api, rule=rule)
    nearest = str(ruling_of(row)["nearest"])
    if nearest and party_of(state, user).relation != "guest":
        error.metadata["nearest"] = nearest
    return error
