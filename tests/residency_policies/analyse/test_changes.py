"""What it means that a policy comes or goes: to whom falls what it ruled."""

from residency_policies.analyse.changes import PolicyChange, compare_bundles
from tests.residency_policies.prove.sample import sample
from tests.residency_policies.support import compiled, flow

ACME = "T00000000000000000000000001"
ALL = {
    **sample(flow("F1", "permit", classes=["content"], ops=["disclose"], to=["FR", "GB"])),
    "metadata": {"id": "acme/all", "title": "All", "layer": "workspace", "review_by": "2027-06-30"},
}
FEW = {
    **sample(flow("F1", "permit", classes=["content"], ops=["disclose"], to=["FR"])),
    "metadata": {"id": "acme/few", "title": "Few", "layer": "workspace", "review_by": "2027-06-30"},
    "applies_to": {"establishment": "DE", "workspaces": [ACME]},
}
HOUSE = {
    **FEW,
    "metadata": {"id": "acme/house", "title": "House", "layer": "organisation", "review_by": "2027-06-30"},
    "applies_to": {"workspaces": [ACME]},
    "default": "open",
    "placement": [],
    "flows": [flow("F1", "deny", classes=["content"], ops=["disclose"], to=["GB"])],
}


def gone(*before: dict[str, object]) -> PolicyChange:
    """What it means that the last document is taken away."""
    change = compare_bundles(compiled(*before), compiled(*before[:-1]))
    assert change.direction == "mixed"
    [one] = [it for it in change.policies if it.what != "stays"]
    return one


def test_what_a_policy_of_a_workspace_ruled_falls_to_that_of_its_establishment() -> None:
    one = gone(ALL, FEW)
    assert (one.what, one.direction) == ("falls to acme/all", "mixed")
    assert one.difference is not None
    assert one.difference.direction == "looser"
    assert all("GB" in (*group.targets, *group.viewers) for group in one.difference.groups)


def test_what_nobody_rules_any_more_falls_to_the_safe_core() -> None:
    one = gone(FEW)
    assert (one.what, one.difference) == ("ends", None)


def test_a_layer_that_goes_tells_what_it_held_back() -> None:
    one = gone(ALL, HOUSE)
    assert (one.what, one.direction) == ("leaves it to others", "mixed")
    assert one.difference is not None
    assert one.difference.direction == "looser"
    # Nobody knows that somebody at an unknown place is not there.
    held = {"GB", "ZZ"}
    assert all(held & {*group.targets, *group.viewers} for group in one.difference.groups)
