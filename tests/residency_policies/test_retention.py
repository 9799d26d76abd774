"""Terms of keeping: the longest minimum and the shortest maximum of all layers count, by their own start."""

from residency_policies.retention import Term, terms_of
from tests.residency_policies.support import METADATA, compiled, policy


def clause(number: str, **keys: object) -> dict[str, object]:
    return {"id": number, "classes": ["audit_log"], "because": "books", **keys}


def terms(*policies: dict[str, object]) -> dict[tuple[str, str], Term]:
    bundle = compiled(*policies)
    (own,) = (one for one in bundle.policies if one.layer == "workspace")
    return {(one.data_class, one.after): one for one in terms_of(bundle.first_stack(own))}


def test_the_strictest_bound_of_every_layer_counts() -> None:
    outer = policy(
        metadata={**METADATA, "id": "sample/outer", "layer": "organisation"},
        applies_to={"workspaces": ["T1"]}, default="open", placement=None,
        retention=[clause("O1", min_days=60, max_days=400)],
    )  # fmt: skip
    inner = policy(
        applies_to={"workspaces": ["T1"], "establishment": "DE"},
        retention=[clause("R1", min_days=30, max_days=90), clause("R2", min_days=20, max_days=500)],
    )
    term = terms(outer, inner)["audit_log", "written"]
    assert term.low is not None
    assert term.high is not None
    assert (term.low.days, term.low.document, term.low.clause.id) == (60, "sample/outer", "O1")
    assert (term.high.days, term.high.document, term.high.clause.id) == (90, "sample/main", "R1")
    assert term.possible


def test_bounds_that_nothing_can_keep_are_found_and_other_starts_are_not_compared() -> None:
    found = terms(policy(retention=[clause("R1", min_days=100), clause("R2", max_days=50)]))
    assert not found["audit_log", "written"].possible
    apart = terms(
        policy(retention=[clause("R1", min_days=100), clause("R2", max_days=50, after="account_closure")])
    )
    assert apart["audit_log", "written"].possible
    assert apart["audit_log", "account_closure"].low is None
