"""What a resume token says: whose socket it was, and how far it had heard.

It is sealed before it is handed out (`ports.ResumeSeal`), so what comes back was said here.
"""

from accord.encoding import canonical_json, parse_canonical
from accord.errors import InvalidError
from regional_cell.domain.state import State

LIFE_S = 86_400
BYTES_MAX = 1024


def claims(resident: str, user: str, token_id: str, epoch: int, sequence: int, now_s: int) -> bytes:
    """The bytes to seal. `sequence`: of the last event that the socket was told."""
    said = {"r": resident, "u": user, "d": token_id, "e": epoch, "q": sequence, "t": now_s}
    return canonical_json(said)


def sequence_of(
    opened: bytes, user: str, token_id: str, state: State, now_s: int, events_max: int
) -> int | None:
    """The sequence to go on from; None when the token is of another user, device, epoch or workspace, older
    than a day, or more than `events_max` events behind.
    """
    try:
        said = parse_canonical(opened, BYTES_MAX)
    except InvalidError:
        return None
    if not isinstance(said, dict):
        return None
    if (said.get("r"), said.get("u"), said.get("d"), said.get("e")) != (
        state.resident, user, token_id, state.epoch,
    ):  # fmt: skip
        return None
    sequence, issued_s = said.get("q"), said.get("t")
    if not isinstance(sequence, int) or not isinstance(issued_s, int):
        return None
    fresh = now_s - issued_s <= LIFE_S
    return sequence if fresh and 0 <= state.head - sequence <= events_max else None
