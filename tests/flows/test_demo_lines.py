"""The demo as a program's interface: what its lines say, and that it stays on this machine."""

import ipaddress
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import Plain
from tests.support.federation import RunningDemo, processes_below

MEMORY_MIB_MAX = 1.2 * 1024

# Member to type, or to the form of each item of a list; (type, None): may be null.
STEP = {"event": str, "name": str, "of": (str, None), "state": str, "took_s": float, "detail": str}
READY: dict[str, Any] = {
    "event": str,
    "schema": int,
    "product": str,
    "version": str,
    "data_dir": str,
    "ca_file": str,
    "directory": {"name": str, "pid": int, "grpc": str, "http": str, "data_dir": str},
    "cells": [
        {
            "name": str,
            "jurisdiction": str,
            "region": str,
            "pid": int,
            "grpc": str,
            "health": str,
            "metrics": str,
            "data_dir": str,
            "engines": dict.fromkeys(("sql", "history", "live", "bus", "search", "files", "keys"), str),
        }
    ],
    "edges": [
        {
            "name": str,
            "jurisdiction": str,
            "pid": int,
            "url": str,
            "api": str,
            "metrics": str,
            "data_dir": str,
        }
    ],
    "links": [{"from": str, "to": str, "delay_ms": int}],
    "organisations": [{"id": str, "name": str, "workspaces": [str], "admin_token": str}],
    "workspaces": [
        {"id": str, "name": str, "home": str, "channels": dict, "incoming_webhook_url": (str, None)}
    ],
    "people": [
        {
            "name": str,
            "email": str,
            "password": str,
            "user_id": str,
            "workspace": str,
            "home": str,
            "roles": [str],
            "token": str,
            "sign_in_url": (str, None),
        }
    ],
    "apps": [
        dict.fromkeys(
            (
                "workspace",
                "app_id",
                "bot_user_id",
                "bot_token",
                "app_token",
                "signing_secret",
                "client_id",
                "client_secret",
            ),
            str,
        )
    ],
    "load": ({"file": str}, None),
}


def faults(form: Any, value: Any, path: str = "") -> Iterator[str]:
    """Where a value has not the form; members beyond it are allowed."""
    if isinstance(form, tuple):
        if value is not None:
            yield from faults(form[0], value, path)
    elif isinstance(form, dict):
        if not isinstance(value, dict):
            yield f"{path}: no object"
            return
        for name, inner in form.items():
            if name not in value:
                yield f"{path}.{name}: lacking"
            else:
                yield from faults(inner, value[name], f"{path}.{name}")
    elif isinstance(form, list):
        if not isinstance(value, list):
            yield f"{path}: no list"
            return
        for place, item in enumerate(value):
            yield from faults(form[0], item, f"{path}[{place}]")
    elif type(value) is not form and not (form is float and type(value) is int):
        yield f"{path}: {type(value).__name__}"


def test_a_form_that_is_not_kept_is_found() -> None:
    assert list(faults({"a": [str], "b": (int, None)}, {"a": ["x"], "b": None, "more": 1})) == []
    assert list(faults({"a": [str], "b": (int, None)}, {"a": ["x", 1], "b": "2"})) == [
        ".a[1]: int",
        ".b: str",
    ]
    assert list(faults({"a": {"b": str}}, {"a": {}})) == [".a.b: lacking"]


def test_every_line_has_the_promised_members(demo: RunningDemo) -> None:
    assert list(faults(READY, demo.ready)) == []
    assert (demo.ready["schema"], demo.ready["product"]) == (1, "colink")
    steps = [event for event in demo.events if event["event"] == "step"]
    assert [fault for step in steps for fault in faults(STEP, step)] == []
    assert {step["state"] for step in steps} == {"started", "ready"}
    named = {(step["name"], step["of"]) for step in steps if step["state"] == "ready"}
    assert {("cell", "de-fra"), ("cell", "us-iad"), ("cell", "in-bom"), ("edge", "fra")} <= named
    assert {("directory", None), ("certificates", None), ("seed", None)} <= named


def test_the_seed_is_what_scripts_count_on(demo: RunningDemo) -> None:
    homes = {row["name"]: row["home"] for row in demo.ready["workspaces"]}
    assert homes == {"acme": "de-fra", "globex": "us-iad", "initech": "in-bom"}
    (organisation,) = demo.ready["organisations"]
    assert organisation["workspaces"] == ["acme", "globex"]
    for row in demo.ready["workspaces"]:
        assert {"general", "random"} < set(row["channels"])
        assert any("private" in name for name in row["channels"])
        assert len(demo.people(row["name"])) >= 14
        for role in ("owner", "admin", "member", "guest"):
            assert demo.people(row["name"], role), (row["name"], role)
    roles = [role for row in demo.ready["people"] for role in row["roles"]]
    wanted = {"officer:DE": 3, "officer:US": 2, "counsel": 2, "auditor": 1, "operator": 1}
    assert {role: roles.count(role) for role in wanted} == wanted
    in_acme, in_globex = demo.visitor()
    assert in_acme["user_id"] != in_globex["user_id"]
    assert (in_acme["home"], in_globex["home"]) == ("de-fra", "us-iad")


def test_every_token_of_the_ready_line_works_at_every_edge(demo: RunningDemo) -> None:
    for number, row in enumerate(demo.ready["people"]):
        edge = demo.ready["edges"][number % len(demo.ready["edges"])]
        if "guest" in row["roles"]:
            # The policies of all workspaces show guests nothing abroad.
            edge = demo.edge(demo.workspace(row["workspace"])["home"].partition("-")[2])
        with Plain(edge, row["token"]) as plain:
            assert plain.done("auth.test")["user_id"] == row["user_id"]
    for app in demo.ready["apps"]:
        with Plain(demo.edge("bom"), app["bot_token"]) as plain:
            answer = plain.done("auth.test")
            assert answer["user_id"] == app["bot_user_id"]
            assert answer["bot_id"].startswith("B")
            channels = plain.done("conversations.list", types="public_channel,private_channel", limit=100)
            mine = {row["id"] for row in channels["channels"] if row["is_member"]}
            assert mine >= set(demo.workspace(app["workspace"])["channels"].values())


def test_seeded_channels_have_threads_reactions_and_files(demo: RunningDemo) -> None:
    for workspace in ("acme", "globex", "initech"):
        row = demo.person(workspace)
        general = demo.workspace(workspace)["channels"]["general"]
        with Plain(demo.edge("fra"), row["token"]) as plain:
            messages = plain.done("conversations.history", channel=general, limit=999)["messages"]
        assert any(message.get("reply_count") for message in messages)
        assert any(message.get("reactions") for message in messages)
        assert sum(len(message.get("files", [])) for message in messages) >= 2


def test_every_process_shows_its_plane_and_answers_its_probes(demo: RunningDemo) -> None:
    planes = {"directory": "directory", **{row["name"]: "regional_cell" for row in demo.ready["cells"]}}
    planes |= {row["name"]: "edge" for row in demo.ready["edges"]}
    pids = {row["name"]: row["pid"] for row in [*demo.ready["cells"], *demo.ready["edges"]]}
    pids["directory"] = demo.ready["directory"]["pid"]
    for name, plane in planes.items():
        line = Path(f"/proc/{pids[name]}/cmdline").read_bytes().split(b"\0")
        assert line[line.index(b"-m") + 1].decode() == plane
    with Plain(demo.edge("fra")) as plain:
        for row in demo.ready["cells"]:
            assert plain.send("GET", row["health"]).status == 200
            assert b"colink_" in plain.send("GET", row["metrics"]).body
        for row in demo.ready["edges"]:
            assert plain.send("GET", row["url"] + "/livez").status == 200
            assert plain.send("GET", row["url"] + "/readyz").status == 200
            assert b"colink_" in plain.send("GET", row["metrics"]).body


def test_secrets_can_be_read_by_their_user_alone(demo: RunningDemo) -> None:
    data = demo.data_dir
    secret = [*data.rglob("secrets/*"), *data.rglob("*.key"), data / "secrets.json"]
    assert len(secret) > 20
    assert [path for path in secret if path.is_file() and path.stat().st_mode & 0o077] == []
    assert data.stat().st_mode & 0o077 == 0


def test_the_federation_fits_into_memory(demo: RunningDemo) -> None:
    status = demo.companion("status")
    assert 100 < status["memory_mib"] < MEMORY_MIB_MAX
    assert {row["state"] for row in status["processes"]} == {"ready"}
    assert len(status["processes"]) == 7


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs /proc")
def test_no_process_speaks_to_another_machine(demo: RunningDemo) -> None:
    ends_s = time.monotonic() + 2
    seen = 0
    while time.monotonic() < ends_s:
        for pid in processes_below(str(demo.data_dir)):
            for local, remote in _connections(pid):
                seen += 1
                assert local.is_loopback, local
                assert remote.is_loopback or remote.is_unspecified, remote
        time.sleep(0.2)
    assert seen > 20


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _connections(pid: int) -> Iterator[tuple[Address, Address]]:
    """Local and remote address of every TCP and UDP socket of a process."""
    try:
        links = [link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return
    own = {name[8:-1] for name in links if name.startswith("socket:[")}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in own:
                yield _address(fields[1]), _address(fields[2])


def _address(text: str) -> Address:
    data = bytes.fromhex(text.partition(":")[0])
    words = struct.unpack(f"<{len(data) // 4}I", data)
    plain = struct.pack(f">{len(words)}I", *words)
    address = ipaddress.ip_address(plain)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
