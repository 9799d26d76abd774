"""Calls between planes over real TLS on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
import grpc.aio
import pytest

from accord.errors import (
    ColinkError,
    HomeUnreachableError,
    InternalError,
    InvalidError,
    NotFoundError,
    OutcomeUnknownError,
    PeerRefusedError,
    StaleEpochError,
)
from accord.runtime import logs, rpc_server
from accord.runtime.mtls import MtlsFiles, Trust, make_authority
from accord.runtime.rpc_client import call, error_of, open_channel, retire, typed_errors
from tests.accord.runtime.calls import CANARY, CELL, MOVED, OTHER, READ, SERVICE, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.port = await world.server.start()
    yield world
    await world.server.stop(0)


def _channel(world: World, files: MtlsFiles, expect: str = CELL) -> Any:
    return open_channel(f"127.0.0.1:{world.port}", files, world.trust, expect)


async def _call(
    world: World, files: MtlsFiles, name: str, request: bytes = b"hi", deadline_s: float = 5
) -> bytes:
    async with _channel(world, files) as channel:
        answer: bytes = await call(channel.unary_unary(f"/{SERVICE}/{name}"), request, deadline_s)
        return answer


async def _echo(channel: Any) -> None:
    await channel.unary_unary(f"/{SERVICE}/Echo")(b"hi", timeout=30)


async def test_a_peer_is_known_by_the_name_that_its_own_authority_proved(world: World) -> None:
    assert await _call(world, world.files(OTHER, OTHER), "Echo") == b"hi from spiffe://us-iad.demo/api"


async def test_a_client_without_a_certificate_gets_no_connection(world: World) -> None:
    credentials = grpc.ssl_channel_credentials(world.trust.bundle_pem(CELL))
    options = [("grpc.ssl_target_name_override", CELL)]
    async with grpc.aio.secure_channel(f"127.0.0.1:{world.port}", credentials, options) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _echo(channel)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_plain_text_gets_no_connection(world: World) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{world.port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await _echo(channel)


async def test_another_domains_authority_cannot_mint_our_name(world: World) -> None:
    with pytest.raises(PeerRefusedError) as refused:
        await _call(world, world.files(OTHER, CELL), "Echo")
    assert refused.value.metadata["why"] == "not signed by the authority of its name"


async def test_an_expired_certificate_gets_no_connection(world: World) -> None:
    with pytest.raises((HomeUnreachableError, OutcomeUnknownError)):
        await _call(world, world.files(OTHER, OTHER, valid_days=1, age_days=3), "Echo")


async def test_an_unknown_authority_gets_no_connection(world: World) -> None:
    world.authorities["evil.demo"] = make_authority("evil", "evil.demo")
    with pytest.raises((HomeUnreachableError, OutcomeUnknownError)):
        await _call(world, world.files("evil.demo", CELL), "Echo")


async def test_a_server_of_another_domain_is_not_believed(world: World) -> None:
    async with _channel(world, world.files(OTHER, OTHER), expect=OTHER) as channel:
        with pytest.raises(HomeUnreachableError):
            await call(channel.unary_unary(f"/{SERVICE}/Echo"), b"hi", 5)


async def test_a_domain_without_trust_cannot_be_called(world: World) -> None:
    with pytest.raises(PeerRefusedError):
        _channel(world, world.files(OTHER, OTHER), expect="jp-tyo.demo")


async def test_a_domain_that_is_no_longer_trusted_is_refused_on_its_open_connection(world: World) -> None:
    async with _channel(world, world.files(OTHER, OTHER)) as channel:
        await call(channel.unary_unary(f"/{SERVICE}/Echo"), b"hi", 5)
        world.trust.replace({CELL: world.authorities[CELL].cert_pem})
        with pytest.raises(PeerRefusedError):
            await call(channel.unary_unary(f"/{SERVICE}/Echo"), b"hi", 5)


async def test_a_domain_trusted_later_connects_without_a_restart(world: World) -> None:
    world.authorities["jp-tyo.demo"] = make_authority("jp-tyo", "jp-tyo.demo")
    files = world.files("jp-tyo.demo", "jp-tyo.demo")
    world.trust.replace({domain: authority.cert_pem for domain, authority in world.authorities.items()})
    with pytest.raises(PeerRefusedError) as refused:
        await _call(world, files, "Private")
    assert refused.value.metadata == {
        "why": "not for this peer",
        "method": f"/{SERVICE}/Private",
        "peer": "jp-tyo.demo",
    }


@pytest.mark.parametrize("name", ["Rowless", "Missing"])
async def test_a_method_without_a_row_is_refused(world: World, name: str) -> None:
    with pytest.raises(PeerRefusedError):
        await _call(world, world.files(OTHER, OTHER), name)


async def test_a_row_admits_only_its_peers(world: World) -> None:
    assert await _call(world, world.files(CELL, CELL), "Private")
    with pytest.raises(PeerRefusedError):
        await _call(world, world.files(OTHER, OTHER), "Private")


async def test_a_unary_call_without_a_deadline_is_refused(world: World) -> None:
    async with _channel(world, world.files(OTHER, OTHER)) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary(f"/{SERVICE}/Echo")(b"hi")
    assert isinstance(error_of(refused.value), InvalidError)


async def test_an_error_comes_back_as_it_was_raised(world: World) -> None:
    with pytest.raises(StaleEpochError) as stale:
        await _call(world, world.files(OTHER, OTHER), "Moved")
    error = stale.value
    assert (error.moved, error.retry_after_ms, error.text) == (MOVED, 20, "gone")
    assert error.metadata == {"resident": "T000000000001", "epoch": "7"}


async def test_an_unknown_exception_tells_nobody_its_text(world: World) -> None:
    lines: list[str] = []
    logs.configure("cell", "de-fra", "debug", strict=True, write=lines.append)
    with pytest.raises(InternalError) as broken:
        await _call(world, world.files(OTHER, OTHER), "Broken")
    raw = await _raw_failure(world, "Broken")
    assert CANARY not in f"{broken.value} {broken.value.metadata} {raw} {''.join(lines)}"
    assert any(json.loads(line).get("error") == "RuntimeError" for line in lines)


async def _raw_failure(world: World, name: str) -> str:
    async with _channel(world, world.files(OTHER, OTHER)) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await channel.unary_unary(f"/{SERVICE}/{name}")(b"hi", timeout=30)
    return f"{failed.value!r} {failed.value.trailing_metadata()!r}"


async def test_nobody_listening_is_home_unreachable(world: World) -> None:
    await world.server.stop(0)
    with pytest.raises(HomeUnreachableError):
        await _call(world, world.files(OTHER, OTHER), "Echo")


async def test_a_call_that_was_sent_and_not_answered_is_outcome_unknown(world: World) -> None:
    with pytest.raises(OutcomeUnknownError):
        await _call(world, world.files(OTHER, OTHER), "Hang", deadline_s=0.3)


async def test_a_connection_lost_after_sending_is_outcome_unknown_and_not_unreachable(world: World) -> None:
    waiting = asyncio.ensure_future(_call(world, world.files(OTHER, OTHER), "Hang"))
    await asyncio.sleep(0.5)
    await world.server.stop(0)
    with pytest.raises(OutcomeUnknownError):
        await waiting


async def test_streams_of_every_kind_pass(world: World) -> None:
    async with _channel(world, world.files(OTHER, OTHER)) as channel:
        counted = [n async for n in channel.unary_stream(f"/{SERVICE}/Count")(b"3", timeout=30)]
        joined = await channel.stream_unary(f"/{SERVICE}/Join")(_each(b"a", b"b"), timeout=30)
        upper = [n async for n in channel.stream_stream(f"/{SERVICE}/Chat")(_each(b"a", b"b"), timeout=30)]
    assert (counted, joined, upper) == ([b"0", b"1", b"2"], b"a,b", [b"A", b"B"])


@pytest.mark.parametrize(
    "data", [b"\xff" * 64, b"\x0a\x02\xff\xfe", b"\x7b" * 5_000, b"\x0a\xff\xff\xff\xff\x07"]
)
async def test_bytes_that_are_no_request_are_invalid_in_calls_of_every_kind(
    world: World, data: bytes
) -> None:
    async with _channel(world, world.files(OTHER, OTHER)) as channel:
        one, for_many, many, chat = (f"/{SERVICE}/{name}" for name in READ)
        for answered in (
            channel.unary_unary(one)(data, timeout=30),
            channel.unary_stream(for_many)(data, timeout=30).read(),
            channel.stream_unary(many)(_each(data), timeout=30),
            channel.stream_stream(chat)(_each(data), timeout=30).read(),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await answered
            assert isinstance(error_of(refused.value), InvalidError)


async def test_a_stream_ends_with_the_typed_error_after_what_it_sent(world: World) -> None:
    seen, error = await _stream_failure(world, "Count", b"6")
    assert len(seen) == 6
    assert isinstance(error, NotFoundError)
    assert error.api == "number_not_found"


async def test_a_stream_that_fails_during_its_first_message_ends_with_the_typed_error(world: World) -> None:
    async with asyncio.timeout(10):
        _, error = await _stream_failure(world, "CutShort", b"6")
    assert isinstance(error, NotFoundError)


async def test_a_stream_ends_when_its_peer_is_not_believed_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_server, "PROVEN_AGAIN_S", 0.05)
    async with _channel(world, world.files(OTHER, OTHER)) as channel:
        stream = channel.stream_stream(f"/{SERVICE}/Chat")()
        await stream.write(b"a")
        assert await stream.read() == b"A"
        await asyncio.sleep(0.2)
        await stream.write(b"b")
        assert await stream.read() == b"B"
        world.trust.replace({CELL: world.authorities[CELL].cert_pem})
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await asyncio.wait_for(stream.read(), 10)
    assert isinstance(error_of(failed.value), PeerRefusedError)


async def test_a_server_shows_a_renewed_certificate_with_the_next_handshake(world: World) -> None:
    assert await _call(world, world.files(OTHER, OTHER), "Echo")
    renewed = make_authority(CELL, CELL)
    world.authorities[CELL] = renewed
    world.own.replace(world.files(CELL, CELL))
    with pytest.raises(HomeUnreachableError):
        await _call(world, world.files(OTHER, OTHER), "Echo")
    world.trust.replace({domain: authority.cert_pem for domain, authority in world.authorities.items()})
    assert await _call(world, world.files(OTHER, OTHER), "Echo")


async def test_a_broken_stream_tells_nobody_the_text(world: World) -> None:
    async with _channel(world, world.files(OTHER, OTHER)) as channel:
        stream = channel.stream_stream(f"/{SERVICE}/Chat")(_each(b"a", b"break"), timeout=30)
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            [answer async for answer in stream]
    assert isinstance(error_of(failed.value), InternalError)
    assert CANARY not in repr(failed.value)


async def _stream_failure(world: World, name: str, request: bytes) -> tuple[list[bytes], ColinkError]:
    seen: list[Any] = []
    async with _channel(world, world.files(OTHER, OTHER)) as channel:
        stream = channel.unary_stream(f"/{SERVICE}/{name}")(request, timeout=30)
        try:
            async for answer in stream:
                seen.append(answer)
        except grpc.aio.AioRpcError as error:
            return seen, error_of(error)
    raise AssertionError("the stream ended without an error")


async def _each(*items: bytes) -> AsyncIterator[bytes]:
    for item in items:
        yield item


def test_a_trust_folder_that_is_empty_is_refused(tmp_path: Any) -> None:
    with pytest.raises(PeerRefusedError):
        Trust.load(tmp_path)


async def _until_cancelled(ended: Awaitable[object]) -> str:
    """How it ends for who waits: the word for an error, or that he was cancelled."""
    try:
        await ended
    except ColinkError as error:
        return f"{error.reason.value} {error.metadata.get('status')}"
    except asyncio.CancelledError:
        return "cancelled"
    return "went well"


async def test_who_waits_on_a_channel_that_is_retired_is_not_cancelled(world: World) -> None:
    channel = _channel(world, world.files(OTHER, OTHER))
    chats = [channel.stream_stream(f"/{SERVICE}/Chat")() for _ in range(2)]

    async def watch(chat: Any) -> None:
        with typed_errors():
            await chat.write(b"hi")
            assert await chat.read() == b"HI"
            await chat.read()

    hang = call(channel.unary_unary(f"/{SERVICE}/Hang"), b"", 30)
    waiting = [asyncio.ensure_future(_until_cancelled(one)) for one in (watch(chats[0]), hang)]
    himself = asyncio.ensure_future(_until_cancelled(watch(chats[1])))
    await asyncio.sleep(0.5)
    himself.cancel()
    retire(channel, 0.1)
    assert await asyncio.gather(*waiting) == ["OUTCOME_UNKNOWN CANCELLED"] * 2
    assert await himself == "cancelled"
