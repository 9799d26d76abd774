"""Logs."""

import json
import logging
from typing import Any

import pytest

from accord.runtime import logs

CANARY = "canary-message-text"


def _lines(*, strict: bool = False) -> tuple[list[str], list[int]]:
    lines: list[str] = []
    dropped: list[int] = []
    logs.configure("cell", "de-fra", strict=strict, dropped=lambda: dropped.append(1), write=lines.append)
    return lines, dropped


def test_a_line_is_one_json_object_with_ids() -> None:
    lines, _ = _lines()
    logs.get_logger(cell="de-fra").info("cell_ready", sequence=7)
    [line] = lines
    told: dict[str, Any] = json.loads(line)
    assert line.endswith("}\n")
    assert told.pop("time").endswith("Z")
    facts = {"event": "cell_ready", "level": "info", "cell": "de-fra", "sequence": 7}
    assert told == facts | {"plane": "cell", "node": "de-fra"}


def test_an_unknown_key_is_dropped_and_counted() -> None:
    lines, dropped = _lines()
    logs.get_logger().info("posted", text=CANARY, channel="C000000000001")
    assert CANARY not in lines[0]
    assert len(dropped) == 1


def test_an_unknown_key_raises_where_logging_is_strict() -> None:
    _lines(strict=True)
    with pytest.raises(logs.UnknownLogKeyError):
        logs.get_logger().info("posted", text=CANARY)


@pytest.mark.parametrize(
    "value", [{"text": CANARY}, [CANARY], CANARY * 50, CANARY.encode(), ValueError(CANARY)]
)
def test_what_is_no_id_and_no_number_is_not_written(value: object) -> None:
    lines, _ = _lines()
    logs.get_logger().info("posted", why=value)
    assert CANARY not in lines[0]


def test_libraries_tell_neither_arguments_nor_the_texts_of_errors() -> None:
    lines, _ = _lines()
    logger = logging.getLogger("some.library")
    logger.warning("sent %s", CANARY)
    logger.warning(CANARY)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("failed %s", 1)
    assert len(lines) == 3
    assert CANARY not in "".join(lines)
    assert json.loads(lines[2])["error"] == "ValueError"


def test_the_place_of_an_error_is_told_without_its_text() -> None:
    with pytest.raises(ValueError, match=CANARY) as raised:
        raise ValueError(CANARY)
    assert logs.error_place(raised.value).startswith("test_logs.py:")


def test_the_level_is_kept() -> None:
    lines, _ = _lines()
    logs.get_logger().debug("quiet")
    assert lines == []
