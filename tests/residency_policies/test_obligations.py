"""Obligations: every one can be discharged somewhere, and only whole evidence discharges it."""

import pytest

from residency_policies.decision import Obligation
from residency_policies.obligations import DISCHARGES, Evidence, undischarged
from residency_policies.vocabulary import OBLIGATIONS, OPERATIONS

WHOLE: dict[str, Evidence] = {
    name: {field: 1 if field.endswith(("_s", "_count", "_sequence")) else "x" for field in discharge.fields}
    for name, discharge in DISCHARGES.items()
}


def test_every_obligation_can_be_discharged_and_has_evidence() -> None:
    assert set(DISCHARGES) == set(OBLIGATIONS)
    for discharge in DISCHARGES.values():
        assert discharge.fields
        assert discharge.ops
        assert discharge.ops <= set(OPERATIONS)


@pytest.mark.parametrize("name", OBLIGATIONS)
def test_only_whole_evidence_discharges_an_obligation_at_its_moment(name: str) -> None:
    owed = (Obligation(name, OBLIGATIONS[name]),)
    moment = OBLIGATIONS[name]
    assert undischarged(owed, moment, WHOLE) == ()
    assert undischarged(owed, moment, {}) == (name,)
    for other in {"before", "with", "after"} - {moment}:
        assert undischarged(owed, other, {}) == ()  # type: ignore[arg-type]
    for field in DISCHARGES[name].fields:
        for wrong in (None, "", -1, True):
            evidence = {**WHOLE[name], field: wrong}
            assert undischarged(owed, moment, {name: evidence}) == (name,)  # type: ignore[dict-item]


def test_all_that_is_due_is_asked_for() -> None:
    owed = tuple(
        Obligation(name, OBLIGATIONS[name]) for name in ("second_approval", "ledger_entry", "redact")
    )
    assert undischarged(owed, "with", {"redact": WHOLE["redact"]}) == ("ledger_entry",)
    assert undischarged(owed, "before", {}) == ("second_approval",)
