"""What is true of a running federation is true of what it leaves behind. The last tests of this folder: they
end the demo that the others share.
"""

import pytest

from tests.residency.home import Home
from tests.residency.planting import Planted
from tests.residency.sinks import HOME_FOLDER, hunter, leaks, shown
from tests.support.federation import RunningDemo, processes_below

pytestmark = pytest.mark.timeout(240)


def test_what_is_left_when_all_processes_have_ended_holds_no_canary_elsewhere(
    demo: RunningDemo, planted: Planted
) -> None:
    assert demo.stop() == 0
    assert not processes_below(str(demo.data_dir))
    found = leaks(demo.data_dir, hunter(planted.canaries.values(), planted.keys))
    assert not found, shown(found)
    opened = b"\n".join(text for _, text in Home(demo.data_dir / HOME_FOLDER).opened())
    at_home = {label.canary for label in hunter(planted.resting.values(), ()).labels_in(opened)}
    assert at_home == set(planted.resting)
