"""Processes of the demo: one that ends by itself while it is stopped is stopped."""

from pathlib import Path
from typing import Any

from deploy.demo.processes import Child, Processes


class Gone:
    """A process that has just ended, which nobody has heard of yet."""

    returncode = None
    pid = 1

    def send_signal(self, number: int) -> None:
        raise ProcessLookupError

    async def wait(self) -> int:
        return 0


async def test_a_process_that_has_just_ended_is_stopped() -> None:
    gone: Any = Gone()
    child = Child("fra", "edge", Path("config"), Path("log"), "http://localhost", process=gone)
    await Processes(lambda child, code: None).stop(child)
    assert child.asked_to_end
