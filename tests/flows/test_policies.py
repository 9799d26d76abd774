"""The life of a policy on real processes: officers, signatures, halts, and a cell that stands still."""

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from deploy import environment
from deploy.demo.officers import code
from deploy.policy import directory
from residency_policies.builtin import builtin_policies
from tests.flows.test_files import fetch
from tests.support.clients import Plain, web
from tests.support.faults.freezing import frozen, pids_of
from tests.support.faults.watchdog import Watchdog
from tests.support.federation import RunningDemo
from tests.support.rooms import Person, person, room

GERMAN = next(text for text in builtin_policies() if "id: default/de" in text)
FORBIDDEN = """flows:
  - id: F9
    effect: deny
    classes: [file_content]
    ops: [disclose]
    to: ["US"]
    because: "Files are read in Europe (works agreement 4)"
"""
STRICTER = GERMAN.replace("flows:\n", FORBIDDEN)
WITHIN_S = 30.0
NODES = ["directory", "de-fra", "us-iad", "in-bom", "fra", "iad", "bom"]


@pytest.fixture(scope="module")
def watchdog() -> Iterator[Watchdog]:
    """Thaws what a test leaves frozen."""
    made = Watchdog()
    yield made
    made.close()


class Officers:
    """The command line of officers, on a running demo."""

    def __init__(self, demo: RunningDemo, folder: Path) -> None:
        self._demo, self._folder = demo, folder

    def ask(self, name: str, *arguments: str, status: int = 0) -> list[dict[str, Any]]:
        """What a verb prints; its exit status is the wanted one."""
        done = self._demo.run("policy", *arguments, "--as", name)
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def submit(self, text: str, name: str = "officer-de-1") -> int:
        """A document, analysed; its number."""
        file = self._folder / "policy.yaml"
        file.write_text(text, encoding="utf-8")
        return int(self.ask(name, "submit", str(file))[-1]["revision"])

    def put_in_force(self, number: int) -> int:
        """Signed by two others and activated; the version of the bundle."""
        for name in ("officer-de-2", "officer-de-3"):
            self.ask(name, "approve", str(number))
        return int(self.ask("officer-de-1", "activate", str(number))[-1]["bundle_version"])

    def offline(self, verb: str, *files: str, status: int = 0) -> list[dict[str, Any]]:
        """What a verb prints that reads documents alone."""
        paths = [str(self._folder / file) for file in files]
        done = subprocess.run(
            environment.module_command("deploy", "policy", verb, *paths, "--json"),
            capture_output=True, text=True, timeout=60, env=environment.module_environ(), check=False,
        )  # fmt: skip
        assert done.returncode == status, (done.stdout, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def version(self) -> int:
        """Of the bundle in force."""
        done = self._demo.run("policy", "status", "--as", "auditor-1")
        return int(json.loads(done.stdout.splitlines()[-1])["bundle_version"])

    def behind(self, version: int) -> list[str]:
        """Nodes that have not acknowledged this bundle."""
        return [it["node"] for it in self._nodes() if it["bundle_version"] < version]

    def cut_off(self) -> list[str]:
        """Nodes that are cut off from crossings."""
        return [it["node"] for it in self._nodes() if it["cut_off"]]

    def _nodes(self) -> list[dict[str, Any]]:
        """Which bundle each has; asked without a process for each look, for it is asked again and again."""
        url, token = directory.enter(argparse.Namespace(officer="auditor-1", data=self._demo.data_dir))
        nodes: list[dict[str, Any]] = directory.ask(url, "GET", "/rollout", token)["nodes"]
        return nodes


@pytest.fixture
def officers(ruled: RunningDemo, tmp_path: Path) -> Officers:
    return Officers(ruled, tmp_path)


@pytest.fixture
def anna(ruled: RunningDemo) -> Person:
    """A member of acme, whose home is de-fra."""
    return person(ruled, "acme", "member", 0)


def until(what: Callable[[], bool], within_s: float = WITHIN_S) -> float:
    """Wait for it; how long it took, s."""
    begun_s = time.monotonic()
    while not what():
        assert time.monotonic() - begun_s < within_s, "it did not come in time"
        time.sleep(0.2)
    return time.monotonic() - begun_s


def speaks(demo: RunningDemo, edge: str, who: Person, channel: str) -> bool:
    """Whether a message goes through this edge now."""
    with Plain(demo.edge(edge), who.token) as plain:
        answer = plain.call("chat.postMessage", channel=channel, text="still here")
        return answer.fields.get("ok") is True


def test_seven_processes_take_a_change_and_a_reader_abroad_is_told_why_and_what_else(
    ruled: RunningDemo, officers: Officers, anna: Person, tmp_path: Path
) -> None:
    pids = pids_of(ruled, *NODES)
    assert len(pids) == len(NODES)
    before = officers.version()
    owner = web(ruled.edge("fra"), anna.token)
    address = owner.files_upload_v2(content=b"for Europe", filename="eu.txt")["files"][0]["url_private"]
    until(lambda: fetch(ruled, "iad", anna.token, address) == (200, b"for Europe"))

    (tmp_path / "old.yaml").write_text(GERMAN, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(STRICTER, encoding="utf-8")
    assert officers.offline("lint", "policy.yaml")[-1]["ok"]
    assert officers.offline("diff", "old.yaml", "policy.yaml", status=1)[-1]["direction"] == "tighter"
    said = officers.ask("auditor-1", "submit", __file__, status=1)
    assert said[-1]["error"] == "FORBIDDEN"
    number = officers.submit(STRICTER)
    analysed = officers.ask("officer-de-1", "impact", str(number))[-1]
    assert (analysed["findings"], analysed["analysis"]["direction"]) == ([], "tighter")
    stops = [it for it in meanings(analysed) if it["rule"].endswith("F9")]
    assert {(*it["ops"], *it["classes"]) for it in stops} == {("disclose", "file_content")}
    assert all({"US"} <= {*it["to"]} or {*it["viewer_countries"]} == {"US", "US-CA"} for it in stops)
    refused = officers.ask("officer-de-1", "approve", str(number), status=1)[-1]
    assert (refused["error"], refused["code"]) == ("FORBIDDEN", "E-SOD")
    early = officers.ask("officer-de-1", "activate", str(number), status=1)[-1]
    assert early["error"] == "WRONG_STATE"
    officers.ask("officer-de-2", "approve", str(number))
    version = officers.ask("officer-de-1", "activate", str(number))[-1]["bundle_version"]
    assert version == before + 1
    until(lambda: not officers.behind(version))

    status, body = fetch(ruled, "iad", anna.token, address)
    told = json.loads(body)
    assert (status, told["error"], told["x_rule"]) == (451, "restricted_action", "default/de F9")
    assert told["x_cite"] == "Files are read in Europe (works agreement 4)"
    assert told["x_nearest"].startswith("allowed: employee in BR, DE, IN, SG; guest in DE")
    assert "US" not in told["x_nearest"]
    assert fetch(ruled, "fra", anna.token, address) == (200, b"for Europe")
    (why,) = officers.ask("officer-de-2", "explain", told["x_decision"], status=1)
    assert (why["bundle"], why["rule"], why["nearest"]) == (version, told["x_rule"], told["x_nearest"])
    assert (why["question"]["op"], why["question"]["class"]) == ("disclose", "file_content")
    assert [it["document"] for it in why["layers"] if not it["passes"]] == ["default/de"]
    assert {"kind": "place", "to": "eu-central-1"} in why["changes"]

    version = go_back(officers, before)
    assert version == before + 2
    until(lambda: fetch(ruled, "iad", anna.token, address) == (200, b"for Europe"))
    # What was decided under a bundle can be explained after it.
    assert officers.ask("officer-de-2", "explain", told["x_decision"], status=1) == [why]
    log = officers.ask("auditor-1", "log")
    assert (log[-1]["event"], log[-1]["faults"]) == ("log", [])
    acts = [it["open"]["act"] for it in log[:-1]]
    assert acts.count("revision_activated") == acts.count("bundle_signed") == 2
    # The evidence of the change proves itself; every cell and edge took it, each at its time.
    [told] = officers.ask("auditor-1", "report", str(number))
    assert (told["faults"], told["proven"]) == ([], True)
    nodes = told["report"]["bundles"][0]["nodes"]
    assert sorted(it["node"] for it in nodes) == sorted(NODES[1:])
    assert all(0 <= it["after_s"] < WITHIN_S for it in nodes)
    assert [it["officer"] for it in told["report"]["revision"]["approvals"]] == ["officer-de-2"]
    assert pids_of(ruled, *NODES) == pids


def test_an_operator_invites_and_the_officer_signs_in_with_two_factors(
    ruled: RunningDemo, officers: Officers
) -> None:
    invited = ruled.companion("officers", "invite", "counsel-9", "--role", "counsel", "--jurisdiction", "DE")
    door = ruled.ready["directory"]["http"] + "/directory/v1/officers"
    with httpx2.Client(timeout=30.0, trust_env=False) as client:
        form = {"name": "counsel-9", "secret": invited["invitation"], "password": "a long enough password"}
        made = client.post(door + "/enrolments", json=form)
        assert made.status_code == 201
        assert client.post(door + "/enrolments", json=form).status_code == 401
        secret = parse_qs(urlsplit(made.json()["totp"]).query)["secret"][0]
        attempt = {"name": "counsel-9", "password": form["password"], "code": code(secret)}
        opened = client.post(door + "/sessions", json=attempt)
        assert opened.status_code == 201
        assert opened.json()["officer"]["jurisdictions"] == ["DE"]
        assert client.post(door + "/sessions", json=attempt).status_code == 401
    refused = ruled.run("officers", "invite", "counsel-9", "--role", "officer")
    assert refused.returncode == 1
    assert {it["name"] for it in ruled.ready["officers"]} >= {"officer-de-1", "auditor-1", "operator-1"}


def test_a_halt_stops_what_crosses_and_nothing_at_home_until_it_is_lifted(
    ruled: RunningDemo, officers: Officers, anna: Person
) -> None:
    channel = room(ruled, anna)
    assert speaks(ruled, "iad", anna, channel)
    halt = officers.ask("officer-de-1", "halt", "jurisdiction", "DE", "--reason", "a try")[-1]["halt"]
    took_s = until(lambda: not speaks(ruled, "iad", anna, channel))
    assert took_s < 10
    assert speaks(ruled, "fra", anna, channel)
    own = officers.ask("officer-de-1", "halt", "--approve", str(halt), status=1)[-1]
    assert own["code"] == "E-SOD"
    officers.ask("officer-de-2", "halt", "--approve", str(halt))
    officers.ask("officer-de-1", "halt", "--lift", str(halt))
    until(lambda: speaks(ruled, "iad", anna, channel))


def test_a_cell_that_stands_still_is_cut_off_while_its_neighbours_go_on_and_catches_up(
    ruled: RunningDemo, officers: Officers, anna: Person, watchdog: Watchdog
) -> None:
    channel = room(ruled, anna)
    address = web(ruled.edge("fra"), anna.token).files_upload_v2(content=b"still", filename="s.txt")["files"][
        0
    ]
    number = officers.submit(STRICTER)
    before = officers.behind(0)
    assert before == []
    with frozen(watchdog, pids_of(ruled, "us-iad")):
        version = officers.put_in_force(number)
        until(lambda: officers.behind(version) == ["us-iad"])
        until(lambda: officers.cut_off() == ["us-iad"], 60)
        assert speaks(ruled, "fra", anna, channel)
        assert fetch(ruled, "iad", anna.token, address["url_private"])[0] == 451
    until(lambda: not officers.behind(version) and not officers.cut_off(), 60)
    bob = person(ruled, "globex", "member", 0)
    assert speaks(ruled, "iad", bob, room(ruled, bob, edge="iad"))
    go_back(officers)


def test_a_home_cell_that_wakes_behind_its_edge_shows_nothing_that_the_edge_forbids(
    ruled: RunningDemo, officers: Officers, anna: Person, watchdog: Watchdog
) -> None:
    file = web(ruled.edge("fra"), anna.token).files_upload_v2(content=b"still", filename="s.txt")["files"][0]
    until(lambda: fetch(ruled, "iad", anna.token, file["url_private"])[0] == 200)
    number = officers.submit(STRICTER)
    with frozen(watchdog, pids_of(ruled, "de-fra")):
        version = officers.put_in_force(number)
        until(lambda: officers.behind(version) == ["de-fra"])
    # At once: what was sent while it slept is not in force yet.
    seen = {fetch(ruled, "iad", anna.token, file["url_private"])[0] for _ in range(20)}
    while officers.behind(version):
        seen |= {fetch(ruled, "iad", anna.token, file["url_private"])[0] for _ in range(5)}
    seen.add(fetch(ruled, "iad", anna.token, file["url_private"])[0])
    assert 200 not in seen
    until(lambda: fetch(ruled, "iad", anna.token, file["url_private"])[0] == 451)
    go_back(officers)


def meanings(revision: dict[str, Any]) -> list[dict[str, Any]]:
    """What a change means: groups of flows, as its analysis has them."""
    return [group for it in revision["analysis"]["diff"]["policies"] for group in it.get("groups", [])]


def go_back(officers: Officers, bundle_version: int = 1) -> int:
    """Put what the built-in policy says in force again, everywhere; the version of the bundle."""
    back = officers.ask("officer-de-2", "rollback", "default/de", "--bundle", str(bundle_version))[-1]
    for name in ("officer-de-1", "officer-de-3"):
        officers.ask(name, "approve", str(back["revision"]))
    version = int(officers.ask("officer-de-2", "activate", str(back["revision"]))[-1]["bundle_version"])
    until(lambda: not officers.behind(version))
    return version
