"""A running demo as tests use it: started as its users start it, driven by its ready line and its
companions.
"""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from deploy import environment

READY_S = 300.0
STOP_S = 90.0


class DemoFailedError(AssertionError):
    """The demo did not become ready; the text holds what it printed."""


class RunningDemo:
    """One demo process and its ready line. Use as a context manager; it stops the demo and checks that it
    left nothing.
    """

    def __init__(self, *options: str, any_port: bool = True) -> None:
        self._options = ("--any-port", *options) if any_port else options
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._errors: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.ready: dict[str, Any] = {}
        self.process: subprocess.Popen[str]

    def __enter__(self) -> "RunningDemo":
        command = environment.module_command("deploy", "demo", "--json", "--no-browser", *self._options)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment.module_environ(),
            cwd=environment.ROOT,
        )
        threading.Thread(target=self._read_lines, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()
        try:
            self.ready = self.wait_for("ready", READY_S)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the demo by a signal. Returns its exit status; all its output is in `events` then."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        while (line := self._lines.get(timeout=STOP_S)) is not None:
            self._take(line)
        self._lines.put(None)  # a second stop finds the end too
        return status

    def wait_for(self, event: str, within_s: float) -> dict[str, Any]:
        """The next line with this event. Raises DemoFailedError when the demo ends or does not say it in
        time.
        """
        ends_s = time.monotonic() + within_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, ends_s - time.monotonic()))
            except queue.Empty:
                raise DemoFailedError(f"no {event} line after {within_s:.0f} s\n{self.told()}") from None
            if line is None:
                self._lines.put(None)
                raise DemoFailedError(f"the demo ended before {event}\n{self.told()}")
            if self._take(line) == event:
                return self.events[-1]

    def told(self) -> str:
        """What it printed, without its ready line (which holds secrets)."""
        steps = [json.dumps(event) for event in self.events if event.get("event") != "ready"]
        return "\n".join([*steps[-20:], *self._errors[-40:]])

    def companion(self, *arguments: str, check: bool = True) -> dict[str, Any]:
        """Run a companion with --json on this demo; gives its answer. Raises CalledProcessError unless told
        not to.
        """
        done = self.run(*arguments)
        if check and done.returncode != 0:
            raise DemoFailedError(f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
        return {"status": done.returncode, "error": done.stderr.strip(), **answer}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command with --json on this demo."""
        command = environment.module_command("deploy", *arguments, "--data", self.ready["data_dir"], "--json")
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=300,
            env=environment.module_environ(),
            check=False,
        )

    def kill(self, name: str, signal_name: str = "KILL", within_s: float = 60.0) -> int:
        """End the processes of a name by a signal, and wait until all have ended. Returns the exit status of
        the last.
        """
        left = len(self.companion("kill", name, "--signal", signal_name)["pids"])
        code = 0
        while left:
            line = self.wait_for("exited", within_s)
            if name in (line["of"], line["of"].partition("/")[0]):
                code, left = int(line["code"]), left - 1
        return code

    def people(self, workspace: str, role: str | None = None) -> list[dict[str, Any]]:
        """People of a workspace, those with a role."""
        return [
            person
            for person in self.ready["people"]
            if person["workspace"] == workspace and (role is None or role in person["roles"])
        ]

    def person(self, workspace: str, role: str = "member", place: int = 0) -> dict[str, Any]:
        """One of the people of a workspace with a role, in seeded order."""
        return self.people(workspace, role)[place]

    def visitor(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The rows (acme, globex) of the person of the second cell's country who is a user of both
        workspaces.
        """
        globex = {person["email"]: person for person in self.people("globex")}
        acme = next(person for person in self.people("acme") if person["email"] in globex)
        return acme, globex[acme["email"]]

    def workspace(self, name: str) -> dict[str, Any]:
        """One row of `workspaces[]`."""
        return next(row for row in self.ready["workspaces"] if row["name"] == name)

    def app(self, workspace: str) -> dict[str, Any]:
        """The app of a workspace."""
        return next(row for row in self.ready["apps"] if row["workspace"] == workspace)

    def edge(self, name: str) -> dict[str, Any]:
        """One row of `edges[]`."""
        return next(row for row in self.ready["edges"] if row["name"] == name)

    def cell(self, name: str) -> dict[str, Any]:
        """One row of `cells[]`."""
        return next(row for row in self.ready["cells"] if row["name"] == name)

    @property
    def data_dir(self) -> Path:
        """Everything that its processes wrote."""
        return Path(self.ready["data_dir"])

    def _take(self, line: str) -> str:
        event: dict[str, Any] = json.loads(line)
        self.events.append(event)
        return str(event["event"])

    def _read_lines(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._errors.extend(line.rstrip("\n") for line in self.process.stderr)


def processes_below(data_dir: str) -> list[int]:
    """Processes whose command line names the data folder of a demo (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if data_dir in line and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
