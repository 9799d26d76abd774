"""The checker is small, knows nothing of the analyser, and believes no certificate that was changed."""

import ast
import copy
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import residency_policies.check_certificate as checker
from residency_policies.bundle import compile_bundle
from residency_policies.check_certificate import faults
from residency_policies.prove.claims import prove
from tests.residency_policies.prove.sample import (
    INSIDE,
    NOWHERE_ELSE,
    PLACEMENT,
    PUSHES,
    READERS,
    SHARES,
    bundle_with,
    only_policy,
    proof_of,
    sample,
    signed_again,
)
from tests.residency_policies.support import AT_S, bundle_of

SOURCE = Path(checker.__file__).read_text("utf-8")
BUNDLE = bundle_with(INSIDE, READERS, SHARES)
CERTIFICATE: dict[str, Any] = dict(proof_of(NOWHERE_ELSE, INSIDE, READERS, SHARES).certificate or {})
STATES = [
    (source, end, leaf, place)
    for source, ends in CERTIFICATE["reached"].items()
    for end, leaves in ends.items()
    for leaf, places in leaves.items()
    for place in places
]


def test_the_checker_is_at_most_sixty_lines_and_imports_nothing_of_the_analyser() -> None:
    assert len(SOURCE.splitlines()) <= 60
    names = {node.module or "" for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.ImportFrom)}
    assert not [
        name for name in names if name.startswith(("residency_policies.prove", "residency_policies.analyse"))
    ]


def test_a_certificate_is_believed_as_it_was_made() -> None:
    assert STATES
    assert faults(CERTIFICATE, BUNDLE) == []


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(STATES), st.booleans())
def test_a_state_that_is_dropped_is_missed(state: tuple[str, str, str, str], again: bool) -> None:
    source, end, leaf, place = state
    changed = copy.deepcopy(CERTIFICATE)
    changed["reached"][source][end][leaf].remove(place)
    assert faults(signed_again(changed) if again else changed, BUNDLE)


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(["platform", "human", "authority"]), st.sampled_from(["CN", "RU", "ap-south-1"]))
def test_a_state_where_nothing_may_be_is_seen(end: str, place: str) -> None:
    changed = copy.deepcopy(CERTIFICATE)
    changed["reached"]["message_body"][end].setdefault("message_body", []).append(place)
    assert faults(signed_again(changed), BUNDLE)


@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from(["message_body", "search_snippet", "notification_payload"]),
    st.sampled_from(["transit", "disclose", "replicate_share", "legal_disclosure"]),
    st.sampled_from(["JP", "US"]),
)
def test_a_transition_that_is_added_leads_out_of_what_is_reached(leaf: str, op: str, to: str) -> None:
    added = {**PUSHES, "id": "F9", "classes": [leaf], "ops": [op], "to": [to]}
    # Open to the floor's exception for employees; what the floor refuses is no transition.
    bundle = bundle_with(INSIDE, READERS, SHARES, added)
    changed = signed_again({**CERTIFICATE, "bundle": bundle.hash})
    refused_by_the_floor = (op, to) in {("replicate_share", "JP"), ("replicate_share", "US"),
                                        ("legal_disclosure", "JP"), ("legal_disclosure", "US")}  # fmt: skip
    assert bool(faults(changed, bundle)) is not refused_by_the_floor


def test_another_bundle_version_is_another_bundle() -> None:
    assert faults(CERTIFICATE, bundle_with(INSIDE, READERS, SHARES, version=2))
    assert faults({**CERTIFICATE, "version": 2}, BUNDLE)


def test_another_claim_is_not_shown_by_it() -> None:
    for claim in ({**CERTIFICATE["claim"], "to": ["CH"]}, {**CERTIFICATE["claim"], "from": ["DE", "US"]}):
        assert faults(signed_again({**CERTIFICATE, "claim": claim}), BUNDLE)


def test_what_goes_abroad_in_a_backup_is_missed() -> None:
    backups = {**PLACEMENT, "backups": {"in": ["DE", "FR"]}}
    bundle = bundle_of({**sample(), "placement": [backups]})
    compiled = compile_bundle(bundle, AT_S)
    (proof,) = prove(compiled, only_policy(compiled), (NOWHERE_ELSE,))
    certificate: dict[str, Any] = copy.deepcopy(dict(proof.certificate or {}))
    assert faults(certificate, bundle) == []
    certificate["reached"]["message_body"]["platform"]["message_body"].remove("FR")
    assert faults(signed_again(certificate), bundle) == ["message_body leaves what is reached"]
