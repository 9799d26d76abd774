"""With the directory away sessions, posts, reads and sign-ins of known people go on; only claims wait."""

import contextlib
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.errors import ColinkError, Reason
from accord.wire.cell.v1 import operations_pb2 as pb
from tests.support.clients import Plain, sign_in, web, whole_history
from tests.support.federation import RunningDemo
from tests.support.load import WARM, Load
from tests.support.rooms import person, room
from tests.support.sockets import open_socket
from tests.support.waiting import until
from tests.support.wire import operator

TYPED = {Reason.NOT_READY, Reason.HOME_UNREACHABLE, Reason.OUTCOME_UNKNOWN}


@contextlib.contextmanager
def directory_away(demo: RunningDemo) -> Iterator[None]:
    """Kill the directory, and start it again in any case."""
    demo.kill("directory")
    try:
        yield
    finally:
        demo.companion("start", "directory")


async def provision(demo: RunningDemo, email: str, password: str) -> tuple[str, Reason | None]:
    """Claim an address for a new person in de-fra. Returns the id, or the reason why not."""
    calls = operator(demo)
    spec = pb.PersonSpec(
        email=email, real_name="New Person", display_name="new", tz="Etc/UTC", password=password
    )
    try:
        answer = await calls.ask(
            calls.provisioning(demo.cell("de-fra")["grpc"], "de-fra").CreatePersons,
            pb.CreatePersonsRequest(context=calls.context(), establishment="DE", persons=[spec]),
        )
    except ColinkError as error:
        return "", error.reason
    finally:
        await calls.close()
    (created,) = answer.persons
    return created.person, Reason(created.reason) if created.reason else None


@pytest.mark.fault("F05")
async def test_chat_goes_on_without_the_directory_and_claims_wait(hurt: RunningDemo) -> None:
    """Posts, sockets, reads and sign-ins by e-mail go on; a claim gets a typed error and succeeds after."""
    anna, jonas = person(hurt), person(hurt, place=1)
    channel = room(hurt, anna, jonas)
    email, password = f"{uuid.uuid4().hex}@de.example", "correct horse battery"
    with open_socket(hurt.edge("iad"), jonas.token) as before:
        with directory_away(hurt):
            web(hurt.edge("fra"), anna.token).chat_postMessage(channel=channel, text="while it is away")
            before.message("while it is away")
            with open_socket(hurt.edge("fra"), jonas.token) as during:
                web(hurt.edge("iad"), anna.token).chat_postMessage(channel=channel, text="and again")
                before.message("and again")
                during.message("and again")
            with Plain(hurt.edge("iad"), jonas.token) as plain:
                texts = [message["text"] for message in whole_history(plain, channel)]
            assert texts[:2] == ["and again", "while it is away"]
            signed = sign_in(hurt.edge("fra"), anna.email, anna.password)
            assert signed["ok"] is True
            with Plain(hurt.edge("fra"), signed["workspaces"][0]["token"]) as plain:
                assert plain.done("auth.test")["user_id"] == anna.user
            nobody = sign_in(hurt.edge("fra"), "nobody@de.example", "x")
            assert nobody == {"ok": False, "error": "invalid_login"}
            created, reason = await provision(hurt, email, password)
            assert created == ""
            assert reason in TYPED
        await _heals(hurt, email, password)
        web(hurt.edge("fra"), anna.token).chat_postMessage(channel=channel, text="it is back")
        before.message("it is back")


async def _heals(demo: RunningDemo, email: str, password: str) -> None:
    """The claim that had to wait is possible again, and the person can sign in."""
    ends_s = time.monotonic() + 30
    while True:
        created, reason = await provision(demo, email, password)
        if created:
            break
        assert reason in TYPED
        assert time.monotonic() < ends_s, "claims do not heal"
    signed = sign_in(demo.edge("fra"), email, password)
    assert (signed["ok"], signed["workspaces"]) == (True, [])


@pytest.mark.fault("F05")
def test_a_load_does_not_notice_that_the_directory_is_away(hurt: RunningDemo, fault: str) -> None:
    """Under load: nothing fails, no outcome is unknown, the verdict is clean."""
    with Load(hurt, fault) as load:
        with load.fault("kill", "directory"), directory_away(hurt):
            load.goes_on(3 * WARM)
        load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story
    assert verdict.unknown == 0


@pytest.mark.fault("F05")
def test_an_edge_starts_and_serves_without_the_directory(hurt: RunningDemo) -> None:
    """From its journal alone it serves both cells' people and signs known ones in."""
    anna, bob = person(hurt), person(hurt, "globex")
    channel = room(hurt, anna)
    with directory_away(hurt):
        hurt.kill("fra")
        with pytest.raises(OSError, match="refused"):
            web(hurt.edge("fra"), anna.token).auth_test()
        hurt.companion("start", "fra")
        posted = web(hurt.edge("fra"), anna.token).chat_postMessage(channel=channel, text="from its journal")
        with Plain(hurt.edge("fra"), bob.token) as plain:
            assert plain.done("auth.test")["user_id"] == bob.user
        signed = sign_in(hurt.edge("fra"), anna.email, anna.password)
        assert signed["ok"] is True
    with Plain(hurt.edge("iad"), anna.token) as plain:
        assert whole_history(plain, channel)[0]["ts"] == posted["ts"]


@pytest.mark.fault("F05")
def test_a_cell_starts_and_serves_without_the_directory(hurt: RunningDemo) -> None:
    """From its own records alone it takes posts and shows them."""
    anna = person(hurt)
    channel = room(hurt, anna)
    with directory_away(hurt):
        hurt.kill("de-fra")
        hurt.companion("start", "de-fra")
        with Plain(hurt.edge("iad"), anna.token) as plain:
            until(
                lambda: plain.call("chat.postMessage", channel=channel, text="from its log").status == 200,
                30,
                "the cell serves",
            )
            assert whole_history(plain, channel)[0]["text"] == "from its log"


@pytest.mark.fault("F10")
def test_a_journal_that_somebody_changed_is_not_served_from(hurt: RunningDemo) -> None:
    """With one bit flipped in its journal an edge does not start; mended, it serves."""
    journal = Path(hurt.edge("fra")["data_dir"]) / "routes" / "journal"
    with directory_away(hurt):
        hurt.kill("fra")
        data = journal.read_bytes()
        middle = len(data) // 3
        try:
            journal.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
            assert hurt.companion("start", "fra", check=False)["status"] == 1
        finally:
            journal.write_bytes(data)
            hurt.companion("start", "fra")
    web(hurt.edge("fra"), person(hurt).token).auth_test()


@pytest.mark.fault("F10")
def test_an_entry_of_a_lower_epoch_than_was_seen_is_not_served_from(hurt: RunningDemo) -> None:
    """An edge that saw epoch 5 of somebody answers 503 for it from a table of epoch 1, others are served."""
    anna, bob = person(hurt), person(hurt, "globex")
    epochs = Path(hurt.edge("fra")["data_dir"]) / "routes" / "epochs"
    kept = epochs.read_text() if epochs.exists() else None
    hurt.kill("fra")
    try:
        epochs.write_text(f"{hurt.workspace('acme')['id']} 5\n")
        hurt.companion("start", "fra")
        with Plain(hurt.edge("fra"), anna.token) as plain:
            assert plain.call("auth.test").status == 503
        with Plain(hurt.edge("fra"), bob.token) as plain:
            assert plain.done("auth.test")["user_id"] == bob.user
    finally:
        hurt.kill("fra")
        epochs.unlink()
        if kept is not None:
            epochs.write_text(kept)
        hurt.companion("start", "fra")
    web(hurt.edge("fra"), anna.token).auth_test()
