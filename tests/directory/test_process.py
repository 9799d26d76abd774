"""The directory as operators run it: a process over TLS, killed, restarted, drained, refused."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TypeAlias

import grpc.aio
import httpx2
import pytest

from accord.errors import NotReadyError, PeerRefusedError
from accord.identity import Handover, KeyRing, RingKey, SigningKey, sign_handover
from accord.ids import new_id
from accord.routes import CHAIN_START, route_record_hash, verify_route
from accord.runtime.rpc_client import call, error_of, open_channel
from accord.wire.common.v1 import common_pb2
from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc as stubs
from tests.directory.process import FEDERATION, Directory
from tests.directory.stores import sql_url

Stream: TypeAlias = "grpc.aio.StreamStreamCall[pb.WatchRequest, pb.WatchResponse]"
EXPECT = f"directory.{FEDERATION}"
KEY = SigningKey.generate()
DEADLINE_S = 20


@pytest.fixture(params=["sqlite", "postgresql"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Directory]:
    url = "" if request.param == "sqlite" else sql_url(request.param, tmp_path)
    found = Directory(tmp_path, url).write()
    yield found
    if found.process is not None and found.process.poll() is None:
        found.kill()


@pytest.fixture
def files(tmp_path: Path) -> Directory:
    return Directory(tmp_path).write()


def context(key: str = "") -> common_pb2.RequestContext:
    return common_pb2.RequestContext(request_id="r1", idempotency_key=key)


async def admit(directory: Directory) -> None:
    authority = directory.authorities.get("de-fra") or directory.make_authority("de-fra")
    cell = pb.Cell(
        name="de-fra",
        jurisdiction="DE",
        region="eu-central-1",
        addresses=["127.0.0.1:7001"],
        operator="example-operator",
        authority=authority.cert_pem,
    )
    key = pb.Key(
        cell="de-fra",
        purposes=["*"],
        key_id=KEY.key_id,
        public_key=KEY.public,
        not_before_s=0,
        not_after_s=2**40,
        state=pb.KEY_STATE_ACTIVE,
    )
    async with open_channel(directory.address, *directory.client("operator", "root"), EXPECT) as channel:
        cells = stubs.CellsStub(channel)
        await call(cells.Admit, pb.AdmitRequest(context=context(), cell=cell, keys=[key]), DEADLINE_S)


def place_request(resident: str) -> pb.PlaceRequest:
    record = sign_handover(KEY, Handover(resident, "", "de-fra", 1, "00" * 32))
    return pb.PlaceRequest(
        context=context("k1"),
        resident=resident,
        kind=pb.RESIDENT_KIND_WORKSPACE,
        establishment="DE",
        handover=record,
    )


class Watcher:
    """The cell's half of a watch: proves each record and acknowledges it."""

    def __init__(self, directory: Directory, channel: grpc.aio.Channel) -> None:
        public = directory.routes_key
        self.ring = KeyRing(
            [RingKey("directory", frozenset({"routes"}), public.key_id, public.public, 0, 2**40)]
        )
        self.stub = stubs.DirectoryStub(channel)
        self.hash, self.version = CHAIN_START, 0
        self.answers: asyncio.Queue[pb.WatchRequest] = asyncio.Queue()

    def open(self) -> Stream:
        start = pb.WatchStart(
            node="de-fra",
            watch_version=self.version,
            last_hash=self.hash if self.version else b"",
            all=True,
        )
        self.answers.put_nowait(pb.WatchRequest(context=context(), start=start))
        stream: Stream = self.stub.Watch(self._requests())
        return stream

    def take(self, response: pb.WatchResponse) -> pb.RouteDelta:
        key_id = response.key_id.hex()
        assert verify_route(self.ring, key_id, self.hash, response.delta, response.signature)
        self.hash = route_record_hash(self.hash, response.delta, response.signature)
        delta = pb.RouteDelta.FromString(response.delta)
        self.version = delta.watch_version
        self.answers.put_nowait(pb.WatchRequest(ack=pb.WatchAck(nonce=response.nonce)))
        return delta

    async def _requests(self) -> AsyncIterator[pb.WatchRequest]:
        while True:
            yield await self.answers.get()


async def to_the_end(stream: Stream) -> None:
    """Read until the stream breaks; an orderly end would go on for ever and time out."""
    while True:
        await stream.read()


async def test_what_was_acknowledged_is_there_after_a_kill_and_a_watch_goes_on(directory: Directory) -> None:
    directory.start("--migrate")
    await admit(directory)
    before, after = new_id("T"), new_id("T")
    async with open_channel(directory.address, *directory.client("de-fra", "api-1"), EXPECT) as channel:
        residents = stubs.ResidentsStub(channel)
        placed = (await call(residents.Place, place_request(before), DEADLINE_S)).placement
        watcher = Watcher(directory, channel)
        stream = watcher.open()
        first = watcher.take(await stream.read())  # type: ignore[arg-type]
        assert first.full
        assert [it.resident for it in first.placements] == [before]
        assert [it.key_id for it in first.keys] == [KEY.key_id]
        directory.kill()
        stream.cancel()
    directory.start()
    async with open_channel(directory.address, *directory.client("de-fra", "api-1"), EXPECT) as channel:
        residents, routes = stubs.ResidentsStub(channel), stubs.DirectoryStub(channel)
        assert (await call(residents.Place, place_request(before), DEADLINE_S)).placement == placed
        again = Watcher(directory, channel)
        again.hash, again.version = watcher.hash, watcher.version
        stream = again.open()
        current = again.take(await stream.read())  # type: ignore[arg-type]
        assert not current.full
        await call(residents.Place, place_request(after), DEADLINE_S)
        delta = again.take(await stream.read())  # type: ignore[arg-type]
        assert [it.resident for it in delta.placements] == [after]
        found = await call(
            routes.Resolve, pb.ResolveRequest(context=context(), residents=[before]), DEADLINE_S
        )
        assert list(found.placements) == [placed]
        begun_s = time.monotonic()
        code = await asyncio.to_thread(directory.stop)
        assert code == 0
        assert time.monotonic() - begun_s < 10
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await to_the_end(stream)
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        assert isinstance(error_of(ended.value), NotReadyError)


async def test_the_bundle_is_streamed_at_once_and_strangers_are_refused(directory: Directory) -> None:
    directory.start("--migrate")
    await admit(directory)
    async with open_channel(directory.address, *directory.client("de-fra", "api-1"), EXPECT) as channel:
        policies = stubs.PoliciesStub(channel)
        stream = policies.WatchBundle(pb.WatchBundleRequest(context=context(), held_version=1))
        bundle = (await stream.read()).bundle
        stream.cancel()
        assert (bundle.version, bundle.key_id) == (1, directory.bundle_key.key_id)
        cells = stubs.CellsStub(channel)
        with pytest.raises(PeerRefusedError):
            await call(cells.Drain, pb.SetCellStateRequest(context=context(), cell="de-fra"), DEADLINE_S)
    # An operator's authority cannot name a cell's process.
    directory.authorities["us-iad"] = directory.authorities["operator"]
    async with open_channel(directory.address, *directory.client("us-iad", "api-1"), EXPECT) as channel:
        routes = stubs.DirectoryStub(channel)
        with pytest.raises(PeerRefusedError):
            await call(
                routes.Resolve, pb.ResolveRequest(context=context(), residents=[new_id("T")]), DEADLINE_S
            )
    async with httpx2.AsyncClient(trust_env=False) as client:
        ready = await client.get(f"http://127.0.0.1:{directory.http}/readyz")
        assert (ready.status_code, ready.json()["parts"]) == (200, {"store": True, "bundle": True})
        assert b"colink_rpc_total" in (await client.get(f"http://127.0.0.1:{directory.http}/metrics")).content


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("secrets/keys__routes_seed", "keys.routes_seed"),
        ("secrets/keys__bundle_seed", "keys.bundle_seed"),
        ("secrets/keys__log_seed", "keys.log_seed"),
        ("secrets/keys__officers_key", "keys.officers_key"),
        ("directory.key", "mtls.key_file"),
        ("directory.pem", "mtls.certificate_file"),
    ],
)
def test_a_directory_without_a_key_does_not_start_and_names_it(
    files: Directory, missing: str, named: str
) -> None:
    (files.folder / missing).unlink()
    ended = files.run("--migrate")
    assert ended.returncode == 2
    assert named in ended.stderr
    assert "directory_ready" not in ended.stderr


def test_a_seed_of_another_form_is_refused_and_not_repeated(files: Directory) -> None:
    (files.folder / "secrets" / "keys__routes_seed").write_text("zz" * 32)
    ended = files.run()
    assert ended.returncode == 2
    assert "keys.routes_seed" in ended.stderr
    assert "zzzz" not in ended.stderr


def test_a_store_that_was_not_migrated_is_refused(files: Directory) -> None:
    ended = files.run()
    assert ended.returncode == 2
    assert "run migrate first" in ended.stderr
    assert files.run("migrate").returncode == 0


def test_policies_with_findings_do_not_start_and_are_all_listed(files: Directory) -> None:
    documents = files.folder / "policies"
    documents.mkdir()
    (documents / "a.yaml").write_text("kind: nothing\n")
    (documents / "b.yaml").write_text("- 1\n")
    files.config.write_text(files.settings() + f'\n[policies]\ndir = "{documents.as_posix()}"\n')
    ended = files.run("--migrate")
    assert ended.returncode == 2
    assert "document 1" in ended.stderr
    assert "document 2" in ended.stderr
