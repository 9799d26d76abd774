"""Answers: the JSON and the headers of every outcome, and nothing of what went wrong inside.

`refusal` knows reasons and ids; texts of exceptions that are no ColinkError never come here.
"""

from typing import Any

import orjson

from accord.errors import ColinkError, Reason
from regional_cell.entrypoints.web_api.calls import ApiAnswer

JSON_TYPE = "application/json; charset=utf-8"
RETRY_AFTER_S = 1
_WITHHELD = frozenset({Reason.WITHHELD, Reason.HALTED})


class RefusedWithMembersError(Exception):
    """A refusal whose answer has members beside `error` (`errors[]` of an invitation)."""

    def __init__(self, error: ColinkError, members: dict[str, Any]) -> None:
        self.error = error
        self.members = members
        super().__init__(error.api)


def headers(request_id: str, scopes: str = "", accepted: str = "", cell: str = "") -> list[tuple[str, str]]:
    """What stands on every answer. `scopes`: of the token; `accepted`: that would allow the call;
    comma-separated.
    """
    shown = [
        ("content-type", JSON_TYPE),
        ("cache-control", "private, no-cache, no-store"),
        ("vary", "Accept-Encoding"),
        ("x-slack-req-id", request_id),
        ("x-oauth-scopes", scopes),
        ("x-accepted-oauth-scopes", accepted),
    ]
    if cell:
        shown.append(("x-cell", cell))
    return shown


def success(members: dict[str, Any], shown: list[tuple[str, str]], digest: bytes = b"") -> ApiAnswer:
    """`{"ok":true,...}`."""
    return ApiAnswer(200, shown, orjson.dumps({"ok": True, **members}), digest)


def refusal(
    error: ColinkError,
    request_id: str,
    *,
    members: dict[str, Any] | None = None,
    shown: list[tuple[str, str]] | None = None,
) -> ApiAnswer:
    """`{"ok":false,"error":...}` with the status and the further members that the error's reason asks for."""
    body: dict[str, Any] = {"ok": False, "error": error.api}
    status = error.rule.api_status
    shown = list(shown) if shown is not None else headers(request_id)
    if error.rule.api_error is None:
        body["error"] = "internal_error"
    if error.api == "missing_scope":
        body |= {name: error.metadata.get(name, "") for name in ("needed", "provided")}
    if error.reason in _WITHHELD:
        body |= {"x_rule": error.metadata.get("rule", ""), "x_text": error.text}
        told = ("cite", "nearest", "decision")
        body |= {f"x_{name}": error.metadata[name] for name in told if name in error.metadata}
    messages = _messages(error)
    if messages:
        body["response_metadata"] = {"messages": messages}
    if status in (429, 503):
        shown.append(("retry-after", str(retry_after_s(error))))
    return ApiAnswer(status, shown, orjson.dumps(body | (members or {})), refused=error)


def retry_after_s(error: ColinkError) -> int:
    """Whole seconds, at least one: a fraction breaks clients."""
    return max(RETRY_AFTER_S, -(-(error.retry_after_ms or 0) // 1_000))


def _messages(error: ColinkError) -> list[str]:
    if error.reason is not Reason.INVALID:
        return []
    if "faults" in error.metadata:
        return [f"[ERROR] {fault}" for fault in error.metadata["faults"].split("\n")]
    named = error.api in ("invalid_arguments", "invalid_blocks", "invalid_attachments")
    return [f"[ERROR] {error.metadata['why']}"] if named and "why" in error.metadata else []
