"""`python -m benchmarks [WORK ...]`: measure a running demo, print a table, write JSON and plots."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.figures import Curve, Results, against, table
from deploy import environment

REQUIREMENTS = "benchmarks"


def main(arguments: list[str]) -> int:
    """Returns the exit status: 1 when members saw what they must not, 2 when nothing could be measured."""
    try:
        environment.enter(REQUIREMENTS, arguments, module="benchmarks")
    except environment.EnvironmentRefusedError as error:
        sys.stderr.write(f"benchmarks: {error}\n")
        return error.exit_status
    # From here on the environment is there.
    import uvloop

    from benchmarks.works.table import WORKS

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure a running demo.",
        epilog="works: " + "; ".join(f"{name}: {work.summary}" for name, work in WORKS.items()),
    )
    parser.add_argument("works", nargs="*", metavar="WORK", help="default: the first six")
    parser.add_argument("--data", type=Path, help="data folder of the demo, when several run")
    parser.add_argument("--ready", type=Path, help="file with the ready line of a demo of another checkout")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one window")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; figures are medians")
    parser.add_argument("--edges", type=int, default=1, help="how many edges take sockets")
    parser.add_argument("--clients", type=int, default=2_000, help="sockets of idle and reconnect")
    parser.add_argument("--before", type=Path, help="an older result file to compare with")
    parser.add_argument("--out", type=Path, help="folder for results.json and plots")
    parser.add_argument("--json", action="store_true", help="print the result file instead of the table")
    given = parser.parse_args(arguments)
    if unknown := set(given.works) - WORKS.keys():
        parser.error(f"no such work: {', '.join(sorted(unknown))}")
    given.works = given.works or [name for name, work in WORKS.items() if work.default]
    return uvloop.run(_measure(given))


async def _measure(given: argparse.Namespace) -> int:
    from benchmarks.product import NothingToMeasureError
    from benchmarks.setting import Setting
    from benchmarks.works.table import WORKS

    setting = Setting(given.seconds, given.repeat, given.edges, given.clients, given.data, given.ready)
    results, facts = Results(), machine.facts()
    for name in given.works:
        began_s = time.monotonic()
        sys.stderr.write(f"{name}: {WORKS[name].summary}\n")
        try:
            results.add(await WORKS[name].measure(setting))
        except NothingToMeasureError as error:
            sys.stderr.write(f"benchmarks: {error}\n")
            return 2
        except (OSError, TimeoutError) as error:
            results.faults.append(f"{name}: {type(error).__name__}: {error}")
        sys.stderr.write(f"{name}: {time.monotonic() - began_s:.0f} s\n")
    if given.before is not None:
        results.figures = against(results.figures, json.loads(given.before.read_text(encoding="utf-8")))
    asked = {"seconds": given.seconds, "repeat": given.repeat, "edges": given.edges}
    file = {
        "machine": facts,
        "asked": asked,
        "figures": [one.to_json() for one in results.figures],
        "curves": [one.to_json() for one in results.curves],
        "faults": results.faults,
    }
    text = json.dumps(file, indent=2) + "\n"
    if given.out is not None:
        await asyncio.to_thread(_write, given.out, text, results.curves)
    sys.stdout.write(text if given.json else table(results.figures) + "\n")
    sys.stderr.writelines(f"FAULT {fault}\n" for fault in results.faults)
    return 1 if results.faults else 0


def _write(folder: Path, text: str, curves: Sequence[Curve]) -> None:
    from benchmarks import plots

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(text, encoding="utf-8")
    for file in plots.save(curves, folder):
        sys.stderr.write(f"{file}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
