"""The demo starts, stops and leaves nothing; what was kept is there the next time."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from deploy import environment
from tests.support.clients import Plain, sign_in, whole_history
from tests.support.federation import RunningDemo, processes_below
from tests.support.waiting import until

ONE = ("--cells", "de-fra", "--no-latency", "--rate-limits", "off")
ENDED_S = 30


def run(*arguments: str, environ: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """A verb of the command line, to its end."""
    return subprocess.run(
        environment.module_command("deploy", *arguments),
        capture_output=True,
        text=True,
        timeout=120,
        env={**environment.module_environ(), **(environ or {})},
        stdin=subprocess.DEVNULL,
        check=False,
    )


def left_of(demo: RunningDemo) -> list[str]:
    """Processes and files that a demo left behind."""
    until(lambda: not processes_below(str(demo.data_dir)), ENDED_S, "no process is left")
    return [str(demo.data_dir)] if demo.data_dir.exists() else []


def test_a_demo_that_is_interrupted_leaves_no_process_and_no_file() -> None:
    with RunningDemo(*ONE) as demo:
        assert demo.stop(signal.SIGINT) == 0
    assert demo.events[-1] == {"event": "stopped"}
    assert left_of(demo) == []
    assert not (environment.store() / "demos" / f"{demo.process.pid}.json").exists()


def test_a_demo_that_is_killed_leaves_no_process_and_what_it_left_can_be_purged(
    hurt: RunningDemo,
) -> None:
    with RunningDemo(*ONE) as demo:
        demo.process.kill()
        demo.process.wait(10)
        until(lambda: not processes_below(str(demo.data_dir)), 60, "its processes end with it")
        assert demo.data_dir.exists()
    purged = run("purge", "--json")
    assert purged.returncode == 0, purged.stderr
    assert str(demo.data_dir) in json.loads(purged.stdout)["removed"]
    assert not demo.data_dir.exists()
    assert hurt.data_dir.exists(), "another demo runs on its own folder"


def rows_of(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages without what names the edge that shows them."""
    return [{name: value for name, value in message.items() if name != "files"} for message in messages]


def bytes_of(plain: Plain, messages: list[dict[str, Any]]) -> list[bytes]:
    """The files of messages."""
    files = [file for message in messages for file in message.get("files", [])]
    assert files
    return [plain.send("GET", file["url_private"]).body for file in files]


@pytest.mark.timeout(900)
def test_what_is_kept_is_there_the_next_time_with_new_tokens(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with RunningDemo(*ONE, "--keep", str(kept)) as demo:
        anna = demo.person("acme")
        general = demo.workspace("acme")["channels"]["general"]
        with Plain(demo.edge("fra"), anna["token"]) as plain:
            plain.done("chat.postMessage", channel=general, text="to be kept")
            before = rows_of(whole_history(plain, general))
            content = bytes_of(plain, whole_history(plain, general))
        twice = run("demo", "--json", "--any-port", "--keep", str(kept))
        assert (twice.returncode, twice.stdout) == (2, "")
        assert f"a demo runs on {kept}" in twice.stderr
        refused = run("purge", "--data", str(kept))
        assert refused.returncode == 2
        assert "runs on" in refused.stderr
        assert demo.companion("stop")["ok"] is True
        assert demo.process.wait(ENDED_S) == 0
    assert demo.events[-1] == {"event": "stopped"}
    assert not processes_below(str(kept))
    with RunningDemo(*ONE, "--keep", str(kept)) as demo:
        again = demo.person("acme")
        assert again["user_id"] == anna["user_id"]
        assert again["token"] != anna["token"]
        with Plain(demo.edge("fra"), again["token"]) as plain:
            after = whole_history(plain, general)
            assert rows_of(after) == before
            assert bytes_of(plain, after) == content
        assert sign_in(demo.edge("fra"), again["email"], again["password"])["ok"] is True
    purged = run("purge", "--data", str(kept), "--json")
    assert (purged.returncode, kept.exists()) == (0, False)


def test_a_folder_of_somebody_else_is_neither_used_nor_purged(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    for arguments in (("demo", "--keep", str(tmp_path), "--any-port"), ("purge", "--data", str(tmp_path))):
        done = run(*arguments)
        assert done.returncode == 2
        assert str(tmp_path) in done.stderr
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_a_taken_port_is_named_with_its_owner_and_the_way_out(demo: RunningDemo) -> None:
    port = int(demo.ready["directory"]["grpc"].rpartition(":")[2])
    done = run("demo", "--json", "--port-base", str(port))
    assert done.returncode == 2
    assert f"port {port} is in use" in done.stderr
    assert f"(pid {demo.ready['directory']['pid']})" in done.stderr
    assert "--port-base" in done.stderr
    assert "--any-port" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--cells", "nowhere"),
        ("--cells", "de-fra,de-fra"),
        ("--processes", "0"),
        ("--port-base", "1"),
        ("--load", "1:2"),
        ("--policies", "/no/such/folder"),
        ("--no-such-option",),
    ],
)
def test_options_that_cannot_be_had_are_refused_before_anything_starts(arguments: tuple[str, ...]) -> None:
    done = run("demo", "--json", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert arguments[0] in done.stderr


COLOUR = re.compile(r"\x1b\[")


def test_for_people_it_prints_plain_lines_and_ends_with_its_input() -> None:
    with subprocess.Popen(
        environment.module_command("deploy", "demo", "--any-port", *ONE),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment.module_environ(),
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        # This closes standard input, which is the wish to stop.
        said, errors = process.communicate(timeout=ENDED_S)
    text = "".join(lines) + said
    assert process.returncode == 0, errors
    assert errors == ""
    assert not COLOUR.search(text)
    assert "{" not in text
    assert "API at fra" in text
    assert text.rstrip().endswith("stopped; no process and no temporary file is left")


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_on_a_terminal_colour_respects_the_wish_for_none(no_color: str, coloured: bool) -> None:
    ours, theirs = pty.openpty()
    environ = {**environment.module_environ(), "TERM": "xterm", "NO_COLOR": no_color}
    process = subprocess.Popen(
        environment.module_command("deploy", "demo", "--any-port", *ONE),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    ends_s = time.monotonic() + 90
    while b"certificates" not in said and time.monotonic() < ends_s:
        if select.select([ours], [], [], 1)[0]:
            said += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    while process.poll() is None and time.monotonic() < ends_s:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                said += os.read(ours, 4096)
            except OSError:
                break
    assert process.wait(ENDED_S) == 0
    os.close(ours)
    assert bool(COLOUR.search(said.decode(errors="replace"))) is coloured


def companion(demo: RunningDemo, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run(*arguments, "--data", str(demo.data_dir))


def test_companions_answer_in_json_and_in_plain_words(demo: RunningDemo) -> None:
    status = demo.companion("status")
    assert {row["name"] for row in status["processes"]} >= {"directory", "de-fra", "us-iad", "in-bom", "fra"}
    assert all(row["pid"] > 0 for row in status["processes"])
    plain = companion(demo, "status")
    assert plain.returncode == 0
    assert "de-fra" in plain.stdout
    assert not COLOUR.search(plain.stdout)
    anna = demo.person("acme")
    handle = anna["name"].partition(" ")[0].lower()
    token: dict[str, Any] = demo.companion("token", handle, "--workspace", "acme")
    assert (token["token"], token["user_id"]) == (anna["token"], anna["user_id"])
    assert companion(demo, "token", handle, "--workspace", "acme").stdout.strip() == anna["token"]
    logs = companion(demo, "logs", "de-fra", "--lines", "5")
    assert logs.returncode == 0
    assert 1 <= len(logs.stdout.splitlines()) <= 5


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("kill", "nobody"), 1),
        (("start", "nobody"), 1),
        (("logs", "nobody"), 1),
        (("token", "nobody"), 1),
        (("kill", "fra", "--signal", "NOTHING"), 2),
        (("status", "--no-such-option"), 2),
    ],
)
def test_a_companion_that_cannot_do_it_says_so(
    demo: RunningDemo, arguments: tuple[str, ...], status: int
) -> None:
    done = companion(demo, *arguments)
    assert done.returncode == status
    assert done.stdout == ""
    assert done.stderr.strip()


def test_a_companion_without_a_demo_says_so(tmp_path: Path) -> None:
    for verb in (("status",), ("stop",), ("kill", "fra"), ("logs", "fra"), ("token", "anna")):
        done = run(*verb, "--data", str(tmp_path))
        assert (done.returncode, done.stdout) == (2, "")
        assert "no demo runs" in done.stderr
