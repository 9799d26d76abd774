"""`colink test`: runs the tiers, each in a process of its own, and ends in one line of counts.

    python -m deploy test [--tier NAME ...] [--long] [--workers N] [--json] [-- PYTEST ARGUMENTS]

Paths among the pytest arguments choose tests: each runs in the tier it belongs to, nothing else does.
Exit status: 0 when none failed and at least one passed, 1 otherwise, 2 refused, 130 interrupted.

Invariants
    1. A tier whose pytest dies, hangs past its limit or loses a test counts as one failure more.
    2. No process of a tier outlives it: a tier has its own process group, which is ended with it.
"""

import argparse
import json
import os
import selectors
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from deploy import campaign, environment, pytest_events
from deploy.campaign import Campaign
from deploy.tally import Failure, Tally
from deploy.tiers import NAMES, TIERS, Tier, selection, tier_of

LONG = "DEPLOY_TEST_LONG"
GRACE_S = 10
CHECKS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy",),
}


@dataclass(frozen=True)
class Choice:
    """What to run: the tiers, the chosen test paths (none: all), further pytest arguments; how many workers
    share a tier `by_file`; where tests that inject faults write them down.
    """

    tiers: tuple[Tier, ...]
    paths: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    long: bool = False
    workers: int | None = None
    campaign: Path = Path(os.devnull)


def main(arguments: list[str], root: Path = environment.ROOT) -> int:
    """Parse, run, show. Returns the exit status."""
    own, rest = _split(arguments)
    parser = argparse.ArgumentParser(prog="colink test", usage="colink test [options] [-- PYTEST ARGUMENTS]")
    parser.add_argument("--tier", nargs="+", action="extend", choices=NAMES, help="run only these tiers")
    parser.add_argument("--long", action="store_true", help="run also what takes minutes")
    parser.add_argument("--workers", type=int, metavar="N", help="workers of tiers that start federations: 2")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args(own)
    if options.workers is not None and options.workers < 1:
        parser.error("--workers: at least 1")
    if not (root / "tests").is_dir():
        sys.stderr.write("colink: this installation has no tests: run from a source checkout\n")
        return 2
    paths = tuple(argument for argument in rest if (root / argument.partition("::")[0]).exists())
    tiers = tuple(tier for tier in TIERS if not options.tier or tier.name in options.tier)
    extra = tuple(argument for argument in rest if argument not in paths)
    if any((root / path).resolve() in (root, root / "tests") for path in paths):
        parser.error("name a folder or a file below tests/; without any, every test runs")
    tally = Tally(as_json=options.json)
    before = signal.signal(signal.SIGTERM, _interrupt)
    record = Campaign(root, long=options.long)
    try:
        run(Choice(tiers, paths, extra, options.long, options.workers, record.path), root, tally)
    except KeyboardInterrupt:
        sys.stderr.write("colink: interrupted\n")
        record.close(tally)
        tally.close()
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    record.close(tally)
    tally.close()
    return tally.exit_status()


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(choice: Choice, root: Path, tally: Tally) -> None:
    """Run the chosen tiers one after the other."""
    for tier in choice.tiers:
        mine = [path for path in choice.paths if tier_of(path) is tier]
        if choice.paths and not mine:
            continue
        began_s = time.monotonic()
        tally.tier_started(tier.name, tier.summary)
        with ThreadPoolExecutor(len(CHECKS)) as pool:
            wanted = CHECKS if tier.name == "static" and not choice.paths else {}
            checks = [pool.submit(check, name, module, root) for name, module in wanted.items()]
            chosen = mine or selection(tier, root)
            if chosen:
                run_pytest(tier.at_length() if choice.long else tier, chosen, choice, root, tally)
            for done in checks:
                name, failure = done.result()
                if failure is None:
                    tally.add_passed(tier.name, name, 0.0)
                else:
                    tally.add_failed(failure)
        tally.tier_ended(tier.name, time.monotonic() - began_s)


def check(name: str, module: tuple[str, ...], root: Path) -> tuple[str, Failure | None]:
    """Run one static tool. Returns its name, and the failure when it found fault."""
    command = environment.module_command(*module)
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environment.module_environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIERS[0].limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return name, Failure("static", name, shlex.join(command), f"not done after {TIERS[0].limit_s} s")
    if done.returncode == 0:
        return name, None
    return name, Failure("static", name, f"python -P -m {shlex.join(module)}", done.stdout + done.stderr)


def run_pytest(tier: Tier, chosen: list[str], choice: Choice, root: Path, tally: Tally) -> None:
    """Run one tier in a pytest of its own and add every outcome to the tally."""
    command = environment.module_command("pytest", "-p", pytest_events.__name__, "--color=no", "--tb=short")
    command += ["--continue-on-collection-errors", f"--rootdir={root}"]
    workers = choice.workers if tier.by_file and choice.workers else tier.workers
    if workers > 1:
        command += ["-n", str(workers)]
        command += ["--dist=loadfile", "--no-loadscope-reorder"] if tier.by_file else []
    reader, writer = os.pipe()
    environ = {**environment.module_environ(), pytest_events.VARIABLE: str(writer)}
    environ[campaign.VARIABLE] = str(choice.campaign)
    environ.pop(LONG, None)
    if choice.long:
        environ[LONG] = "1"
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            [*command, *chosen, *choice.arguments],
            cwd=root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            start_new_session=True,
        )
        os.close(writer)
        try:
            _follow(tier, process, lines(reader, process, tier.limit_s), log, tally)
        finally:
            os.close(reader)
            _end_group(process)


def lines(reader: int, process: subprocess.Popen[bytes], limit_s: float) -> Iterator[dict[str, object]]:
    """The events of a run until it ends or its limit is over (then it is left running)."""
    ends_s = time.monotonic() + limit_s
    held = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        while time.monotonic() < ends_s:
            if not selector.select(timeout=1):
                if process.poll() is not None:
                    return
                continue
            part = os.read(reader, 65536)
            if not part:
                return
            *whole, held = (held + part).split(b"\n")
            yield from (json.loads(line) for line in whole)


def _follow(
    tier: Tier,
    process: subprocess.Popen[bytes],
    events: Iterator[dict[str, object]],
    log: IO[str],
    tally: Tally,
) -> None:
    before, failed_before, finished, expected = tally.total, len(tally.failures), False, 0
    for event in events:
        if event["event"] == "collected":
            expected = int(str(event["count"]))
            tally.expect(expected)
        elif event["event"] == "finished":
            finished = True
        else:
            _add(tier, event, tally)
    try:
        status: int | None = process.wait(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        status = None
    lost = max(0, expected - (tally.total - before))
    # INVARIANT: whatever is not an orderly end with every test accounted for is a failure of its own.
    if status is None:
        fault = f"pytest of the tier {tier.name} was ended after {tier.limit_s} s"
    elif not finished or status not in (0, 1, 5) or lost:
        fault = f"pytest of the tier {tier.name} ended with status {status}, {lost} tests without an outcome"
    elif status == 1 and len(tally.failures) == failed_before:
        fault = f"pytest of the tier {tier.name} ended with status 1 and named no failed test"
    else:
        return
    log.seek(0)
    text = "\n".join(log.read().splitlines()[-40:])
    tally.add_failed(Failure(tier.name, fault, f"python -m deploy test --tier {tier.name}", text))


def _add(tier: Tier, event: dict[str, object], tally: Tally) -> None:
    name, outcome = str(event["id"]), event["outcome"]
    if outcome == "passed":
        tally.add_passed(tier.name, name, float(str(event["took_s"])))
    elif outcome == "skipped":
        tally.add_skipped(tier.name, name, str(event["reason"]))
    else:
        rerun = f"python -m deploy test --tier {tier.name} -- {shlex.quote(name)}"
        tally.add_failed(Failure(tier.name, name, rerun, str(event["text"])))


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=GRACE_S)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=GRACE_S)
