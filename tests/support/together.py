"""Which worker of a parallel run gets which files, where each takes whole files.

Files whose tests share a federation go to one worker, which starts it once: that takes seconds of both cores,
and each that stands there takes a little all the time. What takes longest begins first, so that no worker is
left alone with it in the end.
"""

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# Files, or all other files of a folder. Those that are not named here stand for themselves and come after.
TOGETHER = (
    ("tests/flows/",),
    ("tests/flows/test_policies.py", "tests/flows/test_ends.py"),
    ("tests/flows/test_planted_bugs.py",),
    ("tests/residency/",),
    ("tests/flows/test_processes.py",),
    ("tests/flows/test_benchmarks.py",),
    ("tests/flows/test_gatherings.py",),
    ("tests/flows/test_enforcement.py",),
    (
        "tests/faults/test_egress_door.py",
        "tests/faults/test_links.py",
        "tests/faults/test_names.py",
        "tests/faults/test_partitions.py",
        "tests/faults/test_freezes.py",
    ),
    ("tests/faults/test_overload.py", "tests/faults/test_slow_clients.py"),
)
_PLACES = {name: (place, number) for place, names in enumerate(TOGETHER) for number, name in enumerate(names)}


def place_of(test: str) -> tuple[int, int]:
    """Where a test stands in `TOGETHER`; behind the end when it is not named."""
    file = test.partition("::")[0]
    folder = file.rpartition("/")[0] + "/"
    return _PLACES.get(file) or _PLACES.get(folder) or (len(TOGETHER), 0)


def scheduler(config: pytest.Config, log: object) -> object:
    """As xdist spreads files, with those that belong together as one."""
    made = LoadFileScheduling(config, log)
    made._split_scope = unit_of
    return made


def unit_of(test: str) -> str:
    """The name of what one worker gets as a whole."""
    place, _ = place_of(test)
    return TOGETHER[place][0] if place < len(TOGETHER) else test.partition("::")[0]
