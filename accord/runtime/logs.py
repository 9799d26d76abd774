"""Logs: one JSON object a line, with ids and numbers under names from one table, and never content.

Invariants
    1. A key outside `LOG_KEYS` is not written; it is counted, and with `strict` it is an error.
    2. A value is a number, a truth value or a short text; anything else is written as the name of its type.
    3. Records of libraries keep their logger, level and the template of their message; arguments and the
       texts of exceptions, which may hold content, are left out.
"""

import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Literal, cast

import structlog

TEXT_CHARACTERS_MAX = 200

_TELEMETRY = """
    event level logger time plane node process version pid address url_host method route status reason
    code why error error_at duration_ms deadline_ms retry_after_ms attempt attempts backoff_ms state
    step phase kind purpose op data_class rule decision bundle_version jurisdiction region from_cell
    to_cell cell edge peer peer_process request_id trace_id transfer_id epoch sequence head
    position tail batch count items bytes size limit queue stream slot socket topic_count
    key_id relocation policy nonce watch_version watch_versions field setting table signal store schema
    leaf_index tree_size witness lease age_s name exit_code
"""
_IDS = "resident workspace organisation channel user person principal app bot file token_id"

LOG_KEYS: dict[str, str] = dict.fromkeys(_TELEMETRY.split(), "telemetry") | dict.fromkeys(
    _IDS.split(), "identifier_blind"
)
"""Key to the data class of what stands under it: codes and numbers of operations, and ids, which are
pseudonyms. Never content.
"""


_levels = {"least": logging.DEBUG}


class UnknownLogKeyError(Exception):
    """A log key outside `LOG_KEYS`, where logging is strict."""


class _Keys:
    """The allow-list as a structlog processor."""

    def __init__(self, strict: bool, dropped: Callable[[], None]) -> None:
        self._strict = strict
        self._dropped = dropped

    def __call__(
        self, logger: object, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        kept: MutableMapping[str, Any] = {}
        for key, value in event.items():
            if key in LOG_KEYS:
                kept[key] = _plain(value)
                continue
            if self._strict:
                raise UnknownLogKeyError(f"not in LOG_KEYS: {key}")
            self._dropped()
        return kept


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= TEXT_CHARACTERS_MAX else f"<{len(value)} characters>"
    return f"<{type(value).__name__}>"


class _LibraryHandler(logging.Handler):
    """Standard logging, without arguments and exception texts."""

    def emit(self, record: logging.LogRecord) -> None:
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        facts: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            facts["error"] = record.exc_info[0].__name__
        # A message without arguments may be ready-made text: only its place is told.
        event = template if record.args else f"library record at {record.module}:{record.lineno}"
        get_logger().log(record.levelno, event[:TEXT_CHARACTERS_MAX], **facts)


def configure(
    plane: str,
    name: str,
    level: Literal["debug", "info", "warning", "error"] = "info",
    *,
    strict: bool = False,
    dropped: Callable[[], None] = lambda: None,
    write: Callable[[str], object] | None = None,
) -> None:
    """Set up logging for this process.

    Args:
        strict: an unknown key raises (tests) instead of being dropped.
        dropped: called for each key that is dropped.
        write: takes a line; standard error when None.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    _levels["least"] = number
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _stamp(plane, name),
            _Keys(strict, dropped),
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _LineLogger(write or _to_stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler()]
    root.setLevel(logging.WARNING)


def debugging() -> bool:
    """Whether `debug` writes anything. To be asked before a line for each request: one that is filtered out
    still costs a tenth of the request.
    """
    return _levels["least"] <= logging.DEBUG


def get_logger(**bound: object) -> structlog.typing.FilteringBoundLogger:
    """A logger: `events.info("cell_ready", cell="de-fra")`; the event is a fixed word, no sentence."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(**bound))


def error_place(error: BaseException) -> str:
    """`file:line` where the error was raised: enough to find a defect without repeating its text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


class _LineLogger:
    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def msg(self, line: str) -> None:
        self._write(line + "\n")

    log = debug = info = warning = error = critical = exception = msg


def _to_stderr(line: str) -> None:
    sys.stderr.write(line)
    sys.stderr.flush()


def _stamp(
    plane: str, name: str
) -> Callable[[object, str, MutableMapping[str, Any]], MutableMapping[str, Any]]:
    def stamp(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        now_s = time.time()
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_s))
        time_text = f"{whole}.{int(now_s % 1 * 1000):03d}Z"
        return {**event, "time": time_text, "plane": plane, "node": name}

    return stamp
