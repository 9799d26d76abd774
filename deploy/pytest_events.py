"""A pytest plugin: tells the process that started pytest what happens, one JSON object a line.

The lines go to the file descriptor named by DEPLOY_TEST_EVENTS; without it the plugin is silent.
Lines: `collected` {count}, `test` {id, outcome, reason, text, took_s}, `finished` {status}.

Invariants
    1. Each test gives one `test` line, after its teardown; it failed when any of its phases did.
    2. A file that cannot be collected gives one `test` line with outcome failed.
"""

import json
import os
from dataclasses import dataclass, field

import pytest

VARIABLE = "DEPLOY_TEST_EVENTS"
TEXT_CHARS_MAX = 20_000


def pytest_configure(config: pytest.Config) -> None:
    """Listen, in the one process of a run that sees every report (not in the workers of a parallel run)."""
    descriptor = os.environ.get(VARIABLE)
    if descriptor is not None and not hasattr(config, "workerinput"):
        os.set_inheritable(int(descriptor), False)
        config.pluginmanager.register(Teller(int(descriptor)), "colink-events")


@dataclass
class Running:
    """What is known so far of a test between its setup and its teardown."""

    outcome: str = "passed"
    reason: str = ""
    text: str = ""
    took_s: float = 0.0


@dataclass(eq=False)
class Teller:
    """Turns the reports of pytest into lines. pytest keeps its listeners in sets: equal only to itself."""

    descriptor: int
    running: dict[str, Running] = field(default_factory=dict)

    def tell(self, event: str, **members: object) -> None:
        """Write one line."""
        line = json.dumps({"event": event, **members}) + "\n"
        os.write(self.descriptor, line.encode())

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """A serial run knows its tests."""
        if session.items:
            self.tell("collected", count=len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: list[str]) -> None:
        """A worker of a parallel run knows the tests; every worker knows the same ones."""
        self.tell("collected", count=len(ids))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file was read, was left out as a whole, or could not be read."""
        if not report.passed:
            self._end(report.nodeid, Running(report.outcome, reason_of(report), text_of(report)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over."""
        test = self.running.setdefault(report.nodeid, Running())
        test.took_s += report.duration
        if report.failed:
            test.outcome, test.text = "failed", (test.text + "\n" + text_of(report)).strip()
        elif report.skipped and test.outcome == "passed":
            test.outcome, test.reason = "skipped", reason_of(report)
        # A worker that died mid-test reports its test once, under a phase that is none of the three.
        if report.when not in ("setup", "call"):
            self._end(report.nodeid, self.running.pop(report.nodeid))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """The run ends in an orderly way."""
        self.tell("finished", status=int(exitstatus))

    def _end(self, name: str, test: Running) -> None:
        took_s = round(test.took_s, 3)
        self.tell("test", id=name, outcome=test.outcome, reason=test.reason, text=test.text, took_s=took_s)


def reason_of(report: pytest.CollectReport | pytest.TestReport) -> str:
    """Why a test was skipped, or is expected to fail."""
    expected = getattr(report, "wasxfail", None)
    if expected is not None:
        return f"expected to fail: {expected}"
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return ""


def text_of(report: pytest.CollectReport | pytest.TestReport) -> str:
    """What pytest would print of a failure, its end when it is long."""
    return report.longreprtext[-TEXT_CHARS_MAX:] if report.failed else ""
