"""Rulings that changed with the policies, told to the owners of a workspace as a direct message."""

from collections.abc import Iterable, Sequence

from accord.ids import USLACKBOT
from regional_cell.domain.commands.channels import DrawId, fresh_channel
from regional_cell.domain.commands.direct import find_direct, opened_for_all
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State

OWNERS = frozenset({"owner", "primary_owner"})
LINES_MAX = 50
_SAID = {
    "here": "everybody there may write again",
    "read_only": "some members may read and not write",
    "refused": "nobody may write, because some members may not be shown what is said there",
}


def told(state: State, rulings: Sequence[Draft], draw_id: DrawId) -> Iterable[Draft]:
    """A message to each owner that names every conversation that changed, the rule and the nearest change."""
    if not rulings:
        return
    lines = [_line(draft) for draft in rulings[:LINES_MAX]]
    if len(rulings) > LINES_MAX:
        lines.append(f"and {len(rulings) - LINES_MAX} more")
    text = "The policies of this workspace changed. Nothing was deleted and nobody was removed.\n"
    for key, row in sorted(state.rows["users"].items()):
        if row["role"] in OWNERS and not row["deleted"]:
            yield from _message(state, key[0], text + "\n".join(lines), draw_id)


def _line(draft: Draft) -> str:
    ruling = draft.payload
    rule = f", by {ruling['rule']}" if ruling["rule"] else ""
    nearest = f". It would be otherwise with: {ruling['nearest']}" if ruling["nearest"] else ""
    return f"<#{ruling['channel']}>: {_SAID[ruling['outcome']]}{rule}{nearest}"


def _message(state: State, owner: str, text: str, draw_id: DrawId) -> Iterable[Draft]:
    channel = find_direct(state, [owner, USLACKBOT])
    if channel is None:
        channel = fresh_channel(state, draw_id, "D")
        payload = {
            "channel": channel, "kind": "im", "creator": USLACKBOT, "members": sorted([owner, USLACKBOT]),
            "general": False, "topic": "", "name": "", "purpose": "",
        }  # fmt: skip
        yield Draft("ChannelCreated", payload, (owner,))
    else:
        yield from opened_for_all(state, channel)
    yield Draft("MessagePosted", {"channel": channel, "user": USLACKBOT, "text": text}, (channel,))
