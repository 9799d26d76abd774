"""Keys of a cell that are exchanged while people write."""

import json
import random
import threading
import time
from typing import Any

import pytest

from accord.encoding import unb64url
from accord.identity import token_prefix
from tests.support.faults.certificates import Certificates
from tests.support.faults.probing import ask
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.provisioning import issue_token
from tests.support.rooms import person
from tests.support.waiting import until

CELL, EDGES = "de-fra", ("fra", "iad")
KNOWN_S = 30.0


def keys(demo: RunningDemo, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
    """What `colink keys` says, step by step."""
    done = demo.run("keys", *arguments)
    assert done.returncode == status, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def rows(demo: RunningDemo, purpose: str) -> list[dict[str, dict[str, Any]]]:
    """For each process of the cell its keys, by id."""
    shown = [row for row in keys(demo, "show", CELL) if row["purpose"] == purpose]
    return [{row["key_id"]: row for row in shown if row["process"] == process} for process in (0, 1)]


def signed_by(token: str) -> str:
    """Id of the key that signed a token."""
    payload = token.removeprefix(token_prefix(token) or "").partition(".")[0]
    return str(json.loads(unb64url(payload))["k"])


def opens(demo: RunningDemo, token: str) -> set[str]:
    """What each edge answers to a token: errors, empty for none."""
    return {ask(demo.edge(edge), token).error for edge in EDGES}


@pytest.mark.fault("F59")
@pytest.mark.parametrize("times", [2, pytest.param(6, marks=pytest.mark.long)])
def test_keys_that_sign_tokens_are_exchanged_under_load_and_nobody_notices(
    hurt: RunningDemo, fault: str, times: int
) -> None:
    """Without a restart: no call fails or is left unknown, tokens of every key before open every edge, new
    ones are of the new key and do so at once; a key that is withdrawn opens nothing any more. The verdict is
    clean.
    """
    anna = person(hurt)
    tokens = [anna.token]
    with Load(hurt, fault, timeout_s=12) as load:
        for _ in range(times):
            with load.fault("exchange", "signing key"):
                *_, last = keys(hurt, "rotate", CELL, "signing")
            assert last["step"] == "done"
            tokens.append(issue_token(hurt, "acme", anna.user))
            assert signed_by(tokens[-1]) == last["key_id"]
            assert opens(hurt, tokens[-1]) == {""}
            load.goes_on()
        assert len({signed_by(token) for token in tokens}) == times + 1
        assert {answer for token in tokens for answer in opens(hurt, token)} == {""}
        with load.fault("withdraw", "signing key"):
            keys(hurt, "withdraw", CELL, signed_by(tokens[-1]), status=1)
            keys(hurt, "withdraw", CELL, signed_by(tokens[1]))
        assert opens(hurt, tokens[1]) == {"invalid_auth"}
        assert opens(hurt, tokens[0]) | opens(hurt, tokens[-1]) == {""}
        load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.unknown == 0
    assert [line for line in load.recorder.lines() if b'"status":503' in line] == []


@pytest.mark.fault("F59")
def test_no_edge_is_asked_to_believe_a_key_that_it_has_not_heard_of(hurt: RunningDemo) -> None:
    """An edge that stands still hears of no key: it is named, nothing is signed with the new one, and the old
    one serves. When it goes on, so does the exchange.
    """
    anna = person(hurt)
    before = signed_by(issue_token(hurt, "acme", anna.user))
    hurt.companion("kill", "iad", "--signal", "STOP")
    try:
        done = hurt.run("keys", "rotate", CELL, "signing", "--wait", "3")
        assert done.returncode == 1
        assert "iad" in done.stderr
        token = issue_token(hurt, "acme", anna.user)
        assert signed_by(token) == before
        assert ask(hurt.edge("fra"), token).error == ""
    finally:
        hurt.companion("kill", "iad", "--signal", "CONT")
    *_, last = keys(hurt, "rotate", CELL, "signing")
    token = issue_token(hurt, "acme", anna.user)
    assert signed_by(token) == last["key_id"] != before
    assert opens(hurt, token) == {""}


@pytest.mark.fault("F59")
@pytest.mark.parametrize("times", [1, pytest.param(4, marks=pytest.mark.long)])
def test_keys_that_seal_are_exchanged_under_load_and_everything_can_be_read(
    hurt: RunningDemo, fault: str, times: int
) -> None:
    """Of the cell, and of each of its residents: no call fails or is left unknown; afterwards nothing rests
    under the old key of the cell, it is forgotten, and a cell that starts without it reads everything. The
    verdict is clean.
    """
    with Load(hurt, fault, timeout_s=12) as load:
        for _ in range(times):
            old = next(key for key, row in rows(hurt, "sealing")[0].items() if row["in_use"])
            with load.fault("exchange", "sealing keys"):
                *_, last = keys(hurt, "rotate", CELL, "sealing")
                assert last["before"] == [old]
                keys(hurt, "rotate", CELL, "data")
            for found in rows(hurt, "sealing"):
                assert (found[old]["data_keys"], found[last["key_id"]]["in_use"]) == (0, True)
            load.goes_on()
        refused = [line for line in load.recorder.lines() if b'"status":503' in line]
        assert refused == []
        keys(hurt, "withdraw", CELL, old)
        with load.fault("kill", CELL):
            hurt.kill(CELL)
            hurt.companion("start", CELL)
        load.goes_on()
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F59")
def test_a_cell_serves_on_with_its_keys_whatever_is_put_into_their_files(hurt: RunningDemo) -> None:
    """Empty, torn, of another length, twice the same: nothing is taken, each process says so, tokens are made
    and proven as before.
    """
    anna, node = person(hurt), Certificates(hurt).node(CELL)
    files = [node.folder / "secrets" / name for name in ("keys__signing_seed", "keys__cell_key")]
    whole = [file.read_bytes() for file in files]

    def refused() -> list[int]:
        return [len({row["purpose"] for row in rows}) for rows in node.logged("keys_refused")]

    try:
        for wrong in (lambda data: b"", lambda data: data[:40], lambda data: data + b"00\n", twice):
            for file, data in zip(files, whole, strict=True):
                file.write_bytes(wrong(data))
            until(lambda: refused() == [2, 2], KNOWN_S, "both files are refused by both processes")
            assert opens(hurt, issue_token(hurt, "acme", anna.user)) == {""}
    finally:
        for file, data in zip(files, whole, strict=True):
            file.write_bytes(data)


def twice(data: bytes) -> bytes:
    """The same keys once more."""
    return data + data


@pytest.mark.fault("F03")
def test_a_cell_that_dies_while_its_data_keys_are_exchanged_reads_everything(
    hurt: RunningDemo, fault: str
) -> None:
    """Killed at any moment of it: whatever rests under which key is read, the exchange is begun again and
    ends. The verdict is clean.
    """
    ended: list[int] = []

    def exchange() -> None:
        while 1 not in ended:
            ended.append(hurt.run("keys", "rotate", CELL, "data").returncode)

    with Load(hurt, fault, timeout_s=12) as load:
        walking = threading.Thread(target=exchange)
        walking.start()
        until(lambda: ended.count(0) > 0, KNOWN_S, "data keys were exchanged once")
        time.sleep(random.random())
        with load.fault("kill", CELL):
            hurt.kill(CELL)
            walking.join(KNOWN_S)
            hurt.companion("start", CELL)
        load.goes_on()
        assert not walking.is_alive()
        keys(hurt, "rotate", CELL, "data")
        keys(hurt, "rotate", CELL, "sealing")
    assert load.verdict().violations == [], load.story
