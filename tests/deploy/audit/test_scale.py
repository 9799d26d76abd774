"""Histories of hours are judged in seconds."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.audit.audit import judge_file

CHANNELS = [f"C{number:04d}" for number in range(200)]
PAGE = 100


def lines(sends: int, dice: random.Random) -> Iterator[str]:
    """So many messages of a hundred clients, and for each 25 a full page."""
    shown: dict[str, list[list[str]]] = {channel: [] for channel in CHANNELS}
    for number in range(sends):
        client, channel, at_s = number % 100, dice.choice(CHANNELS), 10 + number / 5_000
        ts = f"{1_700_000_000 + number // 10_000}.{number % 10_000:04d}00"
        item = [ts, f"{dice.getrandbits(128):032x}", f"{number} {dice.getrandbits(40):010x}"]
        about = {"i": number, "op": "send", "channel": channel, "key": item[1], "value": item[2]}
        who = {"process": f"p{client}", "device": f"d{client}", "user": f"u{client}", "workspace": "T"}
        yield json.dumps({**about, **who, "t": at_s, "type": "invoke"})
        yield json.dumps({"i": number, "t": at_s, "op": "send", "type": "ok", "ts": ts, "cell": "de-fra"})
        shown[channel].append(item)
        if number % 25 == 24:
            reading = {"i": sends + number, "t": at_s, "op": "read"}
            channel = dice.choice(CHANNELS)
            page = shown[channel][-PAGE:]
            low = {"low": page[0][0]} if len(page) == PAGE else {}
            yield json.dumps(
                {**reading, **who, "process": f"r{client}", "channel": channel, "type": "invoke"}
            )
            yield json.dumps({**reading, "type": "ok", "items": page, **low})


@pytest.mark.parametrize(
    ("sends", "within_s"),
    [(10_000, 20), pytest.param(500_000, 120, marks=[pytest.mark.long, pytest.mark.timeout(400)])],
)
def test_a_long_history_is_judged_in_time(tmp_path: Path, sends: int, within_s: float) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines(sends, random.Random(1)))
    began_s = time.process_time()
    verdict, _ = judge_file(path)
    assert verdict.violations == []
    assert verdict.acknowledged == sends + sends // 25
    assert verdict.items > sends // 2
    assert time.process_time() - began_s < within_s
