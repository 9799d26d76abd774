"""Every place at which an edge asks refuses what is denied there, and a test notices when it does not ask."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from accord.clock import ManualClock
from accord.errors import Moved, WrongEdgeError
from accord.ids import new_id
from edge.domain.enforcement import FILE_TRANSIT, TRANSIT
from edge.domain.routes import CellRoute, EdgeRoute, Placement
from edge.entrypoints.http.files import FileDoor
from edge.ports import CallAnswer, CallRequest, FileChunk, FileRequest
from edge.services.calls import Calls
from edge.services.policies import Policies
from edge.services.sockets import Sockets
from residency_policies.bundle import CompiledBundle
from residency_policies.decision import Decision, Question, Viewer
from residency_policies.points import Flow, Point
from tests.support.ruling import Denies, decided

HOME = CellRoute("de-fra", "DE", "eu-central-1", ("one",), "active", 1)
TEAM = new_id("T")
PLACED, MOVED = (Placement(TEAM, "de-fra", epoch, 1, 1, b"") for epoch in (1, 2))
REQUEST = CallRequest("", TEAM, 1, "auth.test", "", b"", b"", (), "r", "US")


class Ruled:
    """`ports.Transit` that denies what a test says."""

    def __init__(self, denies: Denies) -> None:
        self.denies = denies

    def check(self, placement: Placement, cell: CellRoute, point: Point) -> None:
        """Raises WrongEdgeError."""
        flow = Flow(placement.resident, cell.region, "us-east-1", Viewer("employee", "US"))
        if not point.ask(lambda question: decided(question, allow=not self.denies(question)), flow, 1).allow:
            raise WrongEdgeError(rule="test")


class World:
    """A workspace at home in one cell, which says of the first call or socket that it moved."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def home(self, placement: Placement) -> CellRoute:
        return HOME

    def resolve_now(self, resident: str) -> Placement:
        return PLACED

    async def resolve(self, resident: str) -> Placement:
        return PLACED

    async def repair(self, moved: Moved, held: Placement) -> Placement:
        return MOVED

    async def streams(self, cell: CellRoute, resident: str, wait_s: float) -> list["World"]:
        return [self]

    async def upload(self, cell: CellRoute, request: FileRequest, chunks: AsyncIterator[bytes]) -> int:
        return len([chunk async for chunk in chunks])

    async def download(self, cell: CellRoute, request: FileRequest) -> AsyncIterator[FileChunk]:
        yield FileChunk(b"", "text/plain", "a", 0)

    async def call(self, request: CallRequest, deadline_s: float) -> CallAnswer:
        self.asked.append(request.epoch)
        moved = Moved(TEAM, "de-fra", 2, b"") if request.epoch == 1 else None
        return CallAnswer(200, (), b"{}", "", moved)


def everything(question: Question) -> bool:
    """Denies all."""
    return True


def files(question: Question) -> bool:
    """Denies bytes of files alone."""
    return question.data_class == "file_content"


def calls_of(world: World, denies: Denies) -> Calls:
    inner = cast(Any, world)
    return Calls(inner, inner, Ruled(denies), ManualClock(0))


@pytest.mark.notices("edge/services/calls.py::Calls.admit", "edge.transit")
async def test_no_call_is_admitted_that_may_not_pass() -> None:
    with pytest.raises(WrongEdgeError):
        await calls_of(World(), everything).admit(TEAM)


@pytest.mark.notices("edge/services/calls.py::Calls.forward", "edge.transit")
async def test_no_move_is_followed_to_where_it_may_not_pass() -> None:
    world = World()
    with pytest.raises(WrongEdgeError):
        await calls_of(world, everything).forward(PLACED, HOME, REQUEST)
    assert world.asked == [1]


def sockets_of(world: World, denies: Denies) -> Sockets:
    return Sockets(
        cast(Any, world),
        Ruled(denies),
        now_s=lambda: 1.0,
        soon=lambda flush: None,
        spawn=lambda work: work.close(),
        retry_ms=lambda: 1,
        country=lambda: "US",
    )


@pytest.mark.notices("edge/services/sockets.py::Sockets.admit", "edge.transit")
def test_no_socket_is_admitted_that_may_not_pass() -> None:
    with pytest.raises(WrongEdgeError):
        sockets_of(World(), everything).admit(TEAM)


class Client:
    """A connected client."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def write(self, frames: bytes) -> int:
        return 0

    def close(self, code: int, reason: str) -> None:
        self.reasons.append(reason)


@pytest.mark.notices("edge/services/sockets.py::Sockets._follow", "edge.transit")
async def test_no_socket_follows_a_move_to_where_it_may_not_pass() -> None:
    sockets, client = sockets_of(World(), everything), Client()
    number = sockets.open(cast(Any, client), "", "", PLACED, HOME)
    binding = sockets._bindings[number]
    with contextlib.suppress(AttributeError, AssertionError):  # beyond the check there is no cell to ask
        await sockets._follow(binding, Moved(TEAM, "de-fra", 2, b""))
    assert binding.placement is PLACED
    assert number not in sockets._bindings


class Tokens:
    """Believes every token and ticket."""

    resident = TEAM

    def resident_of(self, ticket: str, use: str) -> str:
        return TEAM

    def verify(self, token: str) -> "Tokens":
        return self


class Request:
    """A request with a token and no body."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.scope = {"type": "http", "headers": [(b"authorization", b"Bearer xoxp-test")]}

    def stream(self) -> AsyncIterator[bytes]:
        return _nothing()


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def door_of(world: World) -> FileDoor:
    inner = cast(Any, world)
    tokens = cast(Any, Tokens())
    return FileDoor(calls_of(world, files), tokens, inner, bytes_max=1, cookie="d", country=lambda: "US")


@pytest.mark.notices("edge/entrypoints/http/files.py::FileDoor.upload", "edge.file.transit")
async def test_no_file_is_taken_that_may_not_pass() -> None:
    with pytest.raises(WrongEdgeError):
        await door_of(World()).upload(cast(Any, Request()), TEAM, "ticket")


@pytest.mark.notices("edge/entrypoints/http/files.py::FileDoor.download", "edge.file.transit")
async def test_no_file_is_shown_that_may_not_pass() -> None:
    with pytest.raises(WrongEdgeError):
        await door_of(World()).download(cast(Any, Request()), f"{TEAM}-{new_id('F')}")


class Bundle:
    """A bundle in which every profile decides as a test says."""

    version, valid_until_s, bundle = 1, None, type("Regions", (), {"regions": ()})

    def __init__(self, denies: Denies) -> None:
        self.denies = denies

    def profile_for(self, *_: object) -> "Bundle":
        return self

    def decide(self, question: Question) -> Decision:
        return decided(question, allow=not self.denies(question))


@pytest.mark.notices(
    "edge/services/policies.py::Policies._decide", "edge.elsewhere.transit", "edge.elsewhere.file.transit"
)
def test_no_edge_is_named_that_may_not_see_it_either() -> None:
    edges = [
        EdgeRoute("iad", "US", "us-east-1", "http://iad.test", 1),
        EdgeRoute("fra", "DE", "eu-1", "x", 1),
    ]
    inner = cast(Any, None)
    told: list[tuple[str, str]] = []
    policies = Policies(
        inner, inner, inner, ManualClock(0), region="eu-1", edges=lambda: edges, age_s_max=1,
        decided=lambda point, code: told.append((point, code)),
    )  # fmt: skip
    policies._compiled = cast(CompiledBundle, Bundle(everything))
    for point in (TRANSIT, FILE_TRANSIT):
        with pytest.raises(WrongEdgeError) as refused:
            policies.check(PLACED, HOME, point)
        assert "url" not in refused.value.metadata
    assert told == [
        ("edge.transit", "HALTED"), ("edge.elsewhere.transit", "HALTED"),
        ("edge.file.transit", "HALTED"), ("edge.elsewhere.file.transit", "HALTED"),
    ]  # fmt: skip
