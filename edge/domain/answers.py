"""Bodies of answers that the edge gives by itself: JSON of the Web API's shape, ids and codes only."""

import json

from accord.errors import ColinkError, Reason, WrongEdgeError

RETRY_AFTER_S = 1
# What whoever is refused is told beside the text: clause, its source, what would be allowed, what an officer
# can explain, which edge may.
TOLD = ("rule", "cite", "nearest", "decision", "url")


def ok_false(code: str, **more: object) -> bytes:
    """`{"ok":false,"error":code,...}`."""
    return json.dumps({"ok": False, "error": code, **more}, separators=(",", ":")).encode()


def error_body(error: ColinkError) -> bytes:
    """What the public API says of an error."""
    more: dict[str, object] = {}
    if isinstance(error, WrongEdgeError) or error.reason in (Reason.WITHHELD, Reason.HALTED):
        more = {f"x_{name}": error.metadata[name] for name in TOLD if name in error.metadata}
        more |= {"x_text": error.text} if error.text else {}
    elif error.reason is Reason.INVALID and "why" in error.metadata:
        more = {"response_metadata": {"messages": [f"[ERROR] {error.metadata['why']}"]}}
    return ok_false(error.api, **more)


def retry_after_s(error: ColinkError) -> int:
    """Whole seconds, at least one: a fraction breaks clients."""
    return max(RETRY_AFTER_S, -(-(error.retry_after_ms or 0) // 1_000))
