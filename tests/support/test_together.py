"""Who gets which files: what is named is there, and a file is in one place."""

from deploy.environment import ROOT
from tests.support.together import TOGETHER, place_of, unit_of


def test_what_is_named_is_there_once_and_with_tests() -> None:
    named = [name for names in TOGETHER for name in names]
    assert len(named) == len(set(named))
    for name in named:
        assert (ROOT / name).exists(), name
        assert name.endswith("/") or "/test_" in name, name


def test_files_that_share_are_one_and_others_stand_for_themselves() -> None:
    policies, ends = "tests/flows/test_policies.py", "tests/flows/test_ends.py"
    assert unit_of(f"{policies}::test_a") == unit_of(f"{ends}::test_b[c::d]") == policies
    assert unit_of("tests/flows/test_wire.py::test_a") == unit_of("tests/flows/test_paging.py::test_b")
    assert unit_of("tests/faults/test_keys.py::test_a") == "tests/faults/test_keys.py"
    found = sorted(["tests/faults/test_a.py::test_a", f"{ends}::test_b", f"{policies}::test_a"], key=place_of)
    assert found == [f"{policies}::test_a", f"{ends}::test_b", "tests/faults/test_a.py::test_a"]
