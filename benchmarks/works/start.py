"""Cold start: from the command to the ready line of a demo of its own, with fresh data."""

import asyncio
import json
import subprocess
import tempfile
import time

from benchmarks.figures import Results, figures_of
from benchmarks.setting import Setting
from deploy import environment

READY_S_MAX = 300.0


async def measure(setting: Setting) -> Results:
    """Seconds until every plane serves; the environment exists already."""
    runs = [await asyncio.to_thread(_run) for _ in range(setting.repeat)]
    return Results(figures_of("start", runs, {"ready_s": "s"}))


def _run() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = environment.module_command(
            "deploy", "demo", "--json", "--no-browser", "--any-port", "--keep", folder
        )
        began_s = time.perf_counter()
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment.module_environ(),
            text=True,
        ) as process:
            assert process.stdout is not None
            ready_s = 0.0
            for line in process.stdout:
                if json.loads(line).get("event") == "ready":
                    ready_s = time.perf_counter() - began_s
                    break
            process.communicate(timeout=READY_S_MAX)
    if not ready_s:
        raise ConnectionError("the demo ended before it was ready")
    return {"ready_s": ready_s}
