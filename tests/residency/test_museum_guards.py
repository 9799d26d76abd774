"""The fail-open museum, exhibit 5: a boundary that raises in tests and calls through in production. Guards
act alike everywhere: no plane asks where it runs, and processes refuse the same peers however they run.
"""

import ast
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from accord.errors import ColinkError
from accord.identity import Handover, sign_handover
from accord.ids import new_id
from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.rpc_client import call, open_channel
from accord.signing import SigningKey
from accord.wire.cell.v1 import channel_pb2, channel_pb2_grpc, operations_pb2, operations_pb2_grpc
from accord.wire.common.v1 import common_pb2
from accord.wire.directory.v1 import directory_pb2, directory_pb2_grpc
from tests.architecture.sources import modules
from tests.residency.alone import Alone
from tests.support import wire
from tests.support.federation import RunningDemo

pytestmark = pytest.mark.timeout(600)

PLANES = ("accord", "directory", "edge", "regional_cell", "residency_policies")
# Where the environment is read: the settings, the folder of the secrets, the end with the parent process.
READERS = (
    "accord/runtime/serve.py",
    "directory/__main__.py",
    "edge/__main__.py",
    "regional_cell/__main__.py",
)
NAMES = ("COLINK_CONFIG", "COLINK_SECRETS_DIR", "COLINK_END_WITH_PARENT")
# What settings begin with, and what variables for test runs begin with, which settings pass over.
PREFIXES = ("COLINK_", "COLINK_TEST_")
ASKING = ("os.environ", "os.getenv", "sys.modules", "sys.flags", "sys.argv")
WORDS = ("pytest", "unittest", "testing", "debug_mode", "is_test", "production")
# Ways to run a process that a switch could ask for.
WAYS: dict[str, dict[str, str]] = {
    "as operators do": {},
    "as tests do": {
        "PYTEST_CURRENT_TEST": "x",
        "CI": "1",
        "TESTING": "1",
        "ENV": "test",
        "COLINK_TEST_MODE": "1",
    },
    "without assertions": {"PYTHONOPTIMIZE": "2"},
}


def switches(path: str, text: str) -> Iterator[str]:
    """Places where code asks what kind of run it is in."""
    for node in ast.walk(ast.parse(text)):
        asked = ""
        if isinstance(node, ast.Name) and node.id == "__debug__":
            asked = node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            dotted = f"{node.value.id}.{node.attr}"
            asked = dotted if dotted in ASKING and (dotted != "os.environ" or path not in READERS) else ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = node.value.startswith("COLINK_") and node.value not in (*NAMES, *PREFIXES)
            asked = node.value if named or node.value.lower() in WORDS else ""
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            asked = next((n for n in names if n.partition(".")[0] in ("pytest", "unittest", "tests")), "")
        if asked:
            yield f"{path}:{getattr(node, 'lineno', 0)}: {asked}"


def test_exhibit_5_no_plane_asks_whether_it_is_being_tested() -> None:
    found = [fault for path, text in modules(*PLANES) for fault in switches(path, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "if 'PYTEST' in os.environ: pass",
        "if os.getenv('X'): pass",
        "if 'pytest' in sys.modules: pass",
        "if __debug__: pass",
        "mode = 'testing'",
        "import unittest",
        "x = 'COLINK_UNSAFE'",
    ],
)
def test_exhibit_5_a_switch_is_noticed(line: str) -> None:
    assert list(switches("edge/services/calls.py", line))


def placing(context: common_pb2.RequestContext) -> directory_pb2.PlaceRequest:
    """A well-formed request to place a workspace, signed by nobody known."""
    resident, key = new_id("T"), SigningKey.generate()
    return directory_pb2.PlaceRequest(
        context=context,
        resident=resident,
        kind=directory_pb2.RESIDENT_KIND_WORKSPACE,
        establishment="DE",
        handover=sign_handover(key, Handover(resident, "", "de-fra", 1, "00" * 32)),
    )


async def reason_of(channel: grpc.aio.Channel, what: str) -> str:
    """How a call ends."""
    context = common_pb2.RequestContext(request_id="museum", idempotency_key="museum")
    try:
        if what == "admit":
            await call(
                directory_pb2_grpc.CellsStub(channel).Admit,
                directory_pb2.AdmitRequest(context=context),
                30.0,
            )
        elif what == "place":
            stub = directory_pb2_grpc.ResidentsStub(channel)
            await call(stub.Place, placing(context), 30.0)
        elif what == "provision":
            persons = operations_pb2.CreatePersonsRequest(context=context, establishment="DE")
            await call(operations_pb2_grpc.ProvisioningStub(channel).CreatePersons, persons, 30.0)
        elif what == "search":
            request = channel_pb2.SearchRequest(context=context)
            async for _ in channel_pb2_grpc.ControlledChannelStub(channel).Search(request, timeout=30.0):
                pass
        else:
            unknown: Any = channel.unary_unary("/accord.wire.cell.v1.Gateway/Nothing")
            await unknown(b"", timeout=30.0)
    except ColinkError as error:
        return error.reason.value
    except grpc.aio.AioRpcError as error:
        return str(error.code().name)
    return "OK"


def asked(demo: RunningDemo, address: str, expect: str, mtls: MtlsFiles, *what: str) -> list[str]:
    """How some calls end for a peer."""

    async def run() -> list[str]:
        trust = Trust.load(demo.data_dir / "trust")
        async with open_channel(address, mtls, trust, f"{expect}.{wire.FEDERATION}") as channel:
            return [await reason_of(channel, each) for each in what]

    return asyncio.run(run())


def refusals_of_directory(demo: RunningDemo, address: str) -> dict[str, list[str]]:
    """What an edge, a stranger and an operator get from a directory."""
    return {
        "edge": asked(
            demo, address, "directory", wire.certificate(demo, "iad", "edge"), "admit", "place", "nothing"
        ),
        "stranger": asked(
            demo, address, "directory", wire.foreign_certificate("operator", "deploy"), "admit", "place"
        ),
        "operator": asked(demo, address, "directory", wire.certificate(demo, "operator", "deploy"), "place"),
    }


REFUSED = {
    "edge": ["PEER_REFUSED", "PEER_REFUSED", "PERMISSION_DENIED"],
    "stranger": ["HOME_UNREACHABLE", "HOME_UNREACHABLE"],
    "operator": ["PEER_REFUSED"],
}


@pytest.mark.parametrize("way", WAYS)
def test_exhibit_5_a_directory_refuses_the_same_peers_however_it_runs(
    demo: RunningDemo, tmp_path: Path, way: str
) -> None:
    alone = Alone(demo, "directory", tmp_path / "directory")
    with alone.running(environ=WAYS[way]):
        assert refusals_of_directory(demo, alone.grpc) == REFUSED


def test_exhibit_5_cells_refuse_who_is_not_meant(demo: RunningDemo) -> None:
    address = demo.cell("de-fra")["grpc"]
    edge = wire.certificate(demo, "fra", "edge")
    assert asked(demo, address, "de-fra", edge, "provision", "search", "nothing") == [
        "PEER_REFUSED",
        "PERMISSION_DENIED",
        "PERMISSION_DENIED",
    ]
    peer = wire.certificate(demo, "us-iad", "cell")
    assert asked(demo, address, "de-fra", peer, "provision") == ["PEER_REFUSED"]
    operator = wire.certificate(demo, "operator", "deploy")
    assert asked(demo, address, "de-fra", operator, "search") == ["PERMISSION_DENIED"]
    itself = wire.certificate(demo, "de-fra", "cell")
    assert asked(demo, address, "de-fra", itself, "search", "provision") == [
        "PERMISSION_DENIED",
        "PEER_REFUSED",
    ]


def test_exhibit_5_is_noticed_without_its_guard(demo: RunningDemo, tmp_path: Path) -> None:
    """A cell whose guard raises in tests and calls through elsewhere, as in the exhibit."""
    alone = Alone(demo, "regional_cell", tmp_path / "cell")
    calls_through = [
        "import os, runpy, sys",
        "from accord.runtime import rpc_server",
        "real = rpc_server._Guard._admit",
        "def admit(self, method, context, *, deadline_required):",
        "    if 'PYTEST_CURRENT_TEST' in os.environ:",
        "        return real(self, method, context, deadline_required=deadline_required)",
        "    rpc_server._peer.set(self._prove(context))",
        "rpc_server._Guard._admit = admit",
        f"sys.argv = ['regional_cell', '--config', {str(alone.config)!r}, '--migrate']",
        "runpy.run_module('regional_cell', run_name='__main__')",
    ]
    command = [sys.executable, "-P", "-c", "\n".join(calls_through)]
    edge = wire.certificate(demo, "iad", "edge")
    with alone.running(command, environ={"PYTEST_CURRENT_TEST": "x"}):
        assert asked(demo, alone.grpc, "in-bom", edge, "provision") == ["PEER_REFUSED"]
    with alone.running(command, without=("PYTEST_CURRENT_TEST",)):
        assert asked(demo, alone.grpc, "in-bom", edge, "provision") != ["PEER_REFUSED"]
