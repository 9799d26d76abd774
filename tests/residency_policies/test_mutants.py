"""Nine of ten mutants of the decision core are noticed, and every other is listed with its reason.

`python -m deploy test --long --tier unit -- tests/residency_policies/test_mutants.py` tries all of them.
"""

import ast
from pathlib import Path

import pytest

from tests.residency_policies.mutation import CORE, HERE, ROOT, Outcome, Survivor, faults, gone, listed, run

KNOWN = listed()
ONE, OTHER = (Survivor("decide", "f", ("return 1",), (now,)) for now in ("return 2", "return None"))


@pytest.mark.long
@pytest.mark.timeout(5_400)
@pytest.mark.parametrize("module", CORE)
def test_nine_of_ten_mutants_are_noticed_and_the_others_are_listed(module: str, tmp_path: Path) -> None:
    outcome = run(module, tmp_path)
    print(f"{module}: {outcome.noticed} of {outcome.total} mutants are noticed")
    for one in gone(outcome, KNOWN):
        print(f"listed and no survivor any more: {one}")
    found = faults(outcome, KNOWN)
    assert not found, "\n".join(found)


def test_a_survivor_that_is_not_listed_is_a_fault_and_so_are_too_many() -> None:
    assert faults(Outcome("decide", 20, (ONE, OTHER)), [ONE, OTHER]) == []
    assert faults(Outcome("decide", 20, (ONE, OTHER)), [ONE]) == [
        "not listed in survivors.toml: decide.f\n    - return 1\n    + return None"
    ]
    assert faults(Outcome("decide", 19, (ONE, OTHER)), [ONE, OTHER]) == [
        "decide: 17 of 19 mutants are noticed"
    ]


def test_a_listed_survivor_that_is_noticed_by_now_is_told() -> None:
    elsewhere = Survivor("compile", "f", (), ())
    assert gone(Outcome("decide", 20, (ONE,)), [ONE, OTHER, elsewhere]) == [OTHER]


def test_every_listed_survivor_is_of_a_line_that_is_there_and_has_a_reason() -> None:
    for survivor, reason in KNOWN.items():
        path = ROOT / "residency_policies" / f"{survivor.module}.py"
        text = path.read_text("utf-8")
        names = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
        assert survivor.module in CORE
        assert survivor.function.rpartition(".")[2] in names, survivor
        lines = {line.strip() for line in text.splitlines()}
        assert set(survivor.was) <= lines, survivor
        assert survivor.was != survivor.now
        assert len(reason.split()) >= 4, survivor


def test_the_tests_that_have_to_notice_are_there() -> None:
    assert not [
        name for names in CORE.values() for name in names if not (ROOT / HERE / f"test_{name}.py").is_file()
    ]
