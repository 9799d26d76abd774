"""Bodies of answers that the edge gives by itself: JSON of the Web API's shape, ids and codes only."""

import json

from accord.errors import ColinkError, Reason, WrongEdgeError

RETRY_AFTER_S = 1


def ok_false(code: str, **more: object) -> bytes:
    """`{"ok":false,"error":code,...}`."""
    return json.dumps({"ok": False, "error": code, **more}, separators=(",", ":")).encode()


def error_body(error: ColinkError) -> bytes:
    """What the public API says of an error."""
    more: dict[str, object] = {}
    if isinstance(error, WrongEdgeError):
        more = {f"x_{key}": error.metadata[key] for key in ("rule", "url") if key in error.metadata}
    elif error.reason in (Reason.WITHHELD, Reason.HALTED):
        more = {"x_rule": error.metadata.get("rule", ""), "x_text": error.text}
    elif error.reason is Reason.INVALID and "why" in error.metadata:
        more = {"response_metadata": {"messages": [f"[ERROR] {error.metadata['why']}"]}}
    return ok_false(error.api, **more)


def retry_after_s(error: ColinkError) -> int:
    """Whole seconds, at least one: a fraction breaks clients."""
    return max(RETRY_AFTER_S, -(-(error.retry_after_ms or 0) // 1_000))
