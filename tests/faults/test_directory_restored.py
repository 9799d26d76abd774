"""A directory that is put back to an older copy learns again what it had lost, and nobody notices."""

import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from accord.wire.cell.v1 import operations_pb2 as pb
from accord.wire.directory.v1 import directory_pb2 as wire
from deploy.demo.operator import Operator
from deploy.demo.seeding import USER_SCOPES
from tests.support.clients import sign_in
from tests.support.faults.probing import ask
from tests.support.federation import RunningDemo
from tests.support.load import Load
from tests.support.provisioning import User, add_person, operate
from tests.support.waiting import until

CELL, EDGE = "de-fra", "fra"
STOP_S, AGAIN_S = 30.0, 60.0
PASSWORD = "correct horse battery"


def files(folder: Path) -> list[Path]:
    """What the directory's database consists of."""
    return sorted(folder.glob("directory.db*"))


@contextmanager
def stopped(demo: RunningDemo) -> Iterator[Path]:
    """The directory has ended, and its folder is at hand; it starts again in any case."""
    demo.kill("directory", "TERM", STOP_S)
    try:
        yield Path(demo.ready["directory"]["data_dir"])
    finally:
        demo.companion("start", "directory")


def founded(demo: RunningDemo, email: str) -> User:
    """A new workspace of a new person, and the token of its first user."""
    card = pb.PersonSpec(email=email, real_name="New Person", display_name="new", password=PASSWORD)
    people: list[str] = []

    def added() -> bool:
        # The directory has started just now, and the cell finds it again in its own time.
        try:
            people.append(add_person(demo, CELL, card))
        except AssertionError as error:
            if "NOT_READY" not in str(error):
                raise
        return bool(people)

    until(added, AGAIN_S, "the cell reaches the directory again")
    (someone,) = people

    async def work(operator: Operator) -> User:
        stub = operator.provisioning(demo.cell(CELL)["grpc"], CELL)
        slug = f"new-{uuid.uuid4().hex[:8]}"
        workspace = (
            await operator.ask(
                stub.CreateWorkspace,
                pb.CreateWorkspaceRequest(
                    context=operator.context(), name=slug, slug=slug, establishment="DE"
                ),
            )
        ).workspace
        spec = pb.UserSpec(person=someone, name="new", card=card, role="owner", scopes=USER_SCOPES)
        request = pb.AddUsersRequest(context=operator.context(workspace), workspace=workspace, users=[spec])
        (added,) = (await operator.ask(stub.AddUsers, request)).users
        return User(added.user, added.token)

    return operate(demo, work)


def placed(demo: RunningDemo) -> int:
    """How many residents of the cell the directory knows."""

    async def work(operator: Operator) -> int:
        stub = operator.cells(demo.ready["directory"]["grpc"])
        listed = await operator.ask(stub.List, wire.ListCellsRequest(context=operator.context()))
        return int(next(one.residents for one in listed.cells if one.cell.name == CELL))

    return operate(demo, work)


@contextmanager
def asked_on(demo: RunningDemo, token: str) -> Iterator[set[str]]:
    """Somebody asks their edge all the while; what they were told, errors or nothing."""
    told: set[str] = set()
    stopping = threading.Event()

    def run() -> None:
        while not stopping.wait(0.1):
            told.add(ask(demo.edge(EDGE), token).error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield told
    finally:
        stopping.set()
        thread.join()


@pytest.mark.fault("F07")
def test_what_an_older_copy_of_the_directory_does_not_know_is_placed_and_named_again(
    hurt: RunningDemo, fault: str, tmp_path: Path
) -> None:
    """Under load a workspace is founded, then the directory is put back to a copy from before that: its
    people are served all the while, also by an edge that starts afterwards, the cell has them placed again
    and claims their names, so that they sign in. The verdict is clean.
    """
    email = f"{uuid.uuid4().hex}@de.example"
    with Load(hurt, fault, timeout_s=12) as load:
        with load.fault("copy", "directory"), stopped(hurt) as folder:
            for file in files(folder):
                shutil.copy2(file, tmp_path)
        newcomer, known = founded(hurt, email), placed(hurt)
        until(lambda: ask(hurt.edge(EDGE), newcomer.token).error == "", AGAIN_S, "the workspace is known")
        with asked_on(hurt, newcomer.token) as told:
            with load.fault("put back", "directory"), stopped(hurt) as folder:
                for file in files(folder):
                    file.unlink()
                for file in files(tmp_path):
                    shutil.copy2(file, folder)
            assert placed(hurt) < known
            until(lambda: placed(hurt) == known, AGAIN_S, "the directory knows everybody again")
            assert told == {""}
        until(lambda: sign_in(hurt.edge(EDGE), email, PASSWORD)["ok"], AGAIN_S, "the name leads home again")
        hurt.kill(EDGE)
        hurt.companion("start", EDGE)
        assert ask(hurt.edge(EDGE), newcomer.token).error == ""
        load.goes_on()
    verdict = load.verdict()
    assert verdict.violations == [], load.story
