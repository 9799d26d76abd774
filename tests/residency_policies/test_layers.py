"""Layers: every one must pass, none can shed what an outer one demands; waivers and what they cannot do."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from residency_policies.builtin import BUILTIN_REGIONS, builtin_floors
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.channels import ChannelProfile
from residency_policies.compile import compile_stack
from residency_policies.decide import TableProfile
from residency_policies.decision import Decision, Question, Viewer
from residency_policies.document import load_document
from residency_policies.interpret import interpret
from residency_policies.model import FloorPack, Policy
from residency_policies.stack import Around, Stack, make_stack
from tests.residency_policies import cedar
from tests.residency_policies.support import (
    AT_S,
    METADATA,
    bare,
    compiled,
    flow,
    instrument,
    policy,
    question,
    random_policy,
    random_question,
)
from tests.residency_policies.test_instruments import PACK

UNTIL_S = 1_798_761_600  # 2027-01-01T00:00:00Z
READS = replace(question("disclose", "DE", "DE"), viewer=Viewer("employee", "CH"))
WORKSPACE = policy(
    flows=[flow("F1", "permit", to=["EEA", "CH"])], applies_to={"workspaces": ["T1"], "establishment": "DE"}
)
# One pack more, with grounds that count together and for single acts.
PACKS = (*builtin_floors(), json.dumps(PACK))
FLOORS = tuple(one for one in map(load_document, PACKS) if isinstance(one, FloorPack))


def layer(name: str, *flows: Mapping[str, object], **keys: object) -> dict[str, object]:
    """An open policy of another layer, for the workspace T1 and the channel C1."""
    whom: dict[str, object] = {"workspaces": ["T1"]}
    whom |= {"channels": ["C1"]} if name == "channel" else {}
    base: dict[str, object] = {
        "metadata": {**METADATA, "id": f"sample/{name}", "layer": name},
        "applies_to": whom,
        "default": "open",
        "placement": None,
        "flows": list(flows),
    }
    return policy(**{**base, **keys})


def decided(bundle: CompiledBundle, asked: Question, workspace: str = "T1", **keys: object) -> Decision:
    return bundle.profile_for(workspace, "DE", **keys).decide(asked)  # type: ignore[arg-type]


def test_what_an_organisation_refuses_no_workspace_of_it_allows() -> None:
    refuses = layer("organisation", flow("O1", "deny", to=["CH"]))
    assert decided(compiled(WORKSPACE), READS).allow
    refused = decided(compiled(WORKSPACE, refuses), READS)
    assert (refused.code, refused.rule, refused.because[0].layer) == (
        "DENIED", "sample/organisation O1", "organisation",
    )  # fmt: skip
    general = policy(flows=WORKSPACE["flows"])
    assert decided(compiled(general, refuses), READS, "T2").allow, "it is no workspace of the organisation"


def test_a_workspace_belongs_to_an_organisation_by_a_tag_too() -> None:
    refuses = layer("organisation", flow("O1", "deny", to=["CH"]), applies_to={"tags": ["group.nord"]})
    bundle = compiled(WORKSPACE, refuses)
    assert decided(bundle, READS).allow
    assert decided(bundle, READS, tags=("group.nord",)).rule == "sample/organisation O1"


def test_a_closed_organisation_needs_a_permit_of_its_own() -> None:
    closed = layer(
        "organisation", flow("O1", "permit", to=["DE"], obligations=["keep_record"]), default="closed"
    )
    bundle = compiled(WORKSPACE, closed)
    refused = decided(bundle, READS)
    assert (refused.code, refused.rule) == ("CLOSED", "sample/organisation default")
    home = decided(bundle, question("disclose", "DE", "DE"))
    assert [(one.layer, one.clause) for one in home.because] == [("organisation", "O1"), ("workspace", "F1")]


def test_a_narrower_permit_of_a_workspace_sheds_no_obligation_of_its_organisation() -> None:
    wide = layer("organisation", flow("O1", "permit", to=["EEA", "CH"], obligations=["keep_record"]))
    narrow = policy(flows=[flow("F1", "permit", to=["CH"], viewers=["employee"])])
    narrow["applies_to"] = WORKSPACE["applies_to"]
    owed = decided(compiled(narrow, wide), replace(READS, dst="eu-central-1"))
    assert not owed.allow, "the region is in Germany"
    swiss = policy(flows=[flow("F1", "permit", to=["CH", "DE"], viewers=["employee"])])
    swiss["applies_to"] = WORKSPACE["applies_to"]
    allowed = decided(compiled(swiss, wide), READS)
    assert "keep_record" in [one.do for one in allowed.obligations]


def test_rules_of_a_channel_hold_in_it_and_wherever_no_channel_is_named() -> None:
    bundle = compiled(WORKSPACE, layer("channel", flow("C1", "deny", to=["CH"])))
    profile = bundle.profile_for("T1", "DE")
    assert isinstance(profile, ChannelProfile)
    in_it, elsewhere, unnamed = (profile.decide(replace(READS, ref=ref)) for ref in ("C1", "C2", ""))
    assert (in_it.rule, elsewhere.allow, unnamed.rule) == ("sample/channel C1", True, "sample/channel C1")
    bound = profile.bind("disclose", "message_body", READS.src, "C2")
    assert bound(READS.dst, "employee", "CH", "local", frozenset(), READS.can) == elsewhere
    nameless = profile.decide(None)  # type: ignore[arg-type]
    assert (nameless.code, nameless.profile) == ("UNKNOWN_VALUE", profile.hash), "of every channel"
    unbound = profile.bind("disclose", "message_body", READS.src)
    assert unbound(READS.dst, "employee", "CH", "local", frozenset(), READS.can) == unnamed
    assert profile.refuse("HALTED").code == "HALTED"
    assert profile.hash == unnamed.profile == in_it.profile != elsewhere.profile, "C1 is the only channel"


def test_what_one_channel_has_helps_in_that_channel_alone() -> None:
    shares = [flow("F1", "permit", ops=["replicate_share"], to=["US"])]
    whole = policy(flows=shares, applies_to=WORKSPACE["applies_to"])
    paper = instrument("ins-1", "scc", ops=["replicate_share"])
    bundle = compiled(whole, layer("channel", instruments=[paper]))
    asked = question("replicate_share", "DE", "US", "system")
    assert decided(bundle, replace(asked, ref="C1")).instrument == "ins-1"
    for ref in ("", "C2"):
        assert decided(bundle, replace(asked, ref=ref)).code == "INSTRUMENT_MISSING"


def test_no_inner_layer_says_what_an_outer_one_rests_on() -> None:
    fact = {
        "id": "recipient_dpf_certified", "owner": "a", "until": "2027-06-01", "evidence": "b", "because": "c",
    }  # fmt: skip
    exception = {"fact": "recipient_dpf_certified"}
    refuses = layer("organisation", flow("O1", "deny", to=["CH"], unless=exception))
    inner = {**WORKSPACE, "facts": [fact]}
    assert decided(compiled(inner, refuses), READS).rule == "sample/organisation O1"
    assert decided(compiled(WORKSPACE, {**refuses, "facts": [fact]}), READS).allow


def test_subjects_that_any_layer_names_call_their_floors() -> None:
    asked = replace(question("disclose", "US", "US"), viewer=Viewer("guest", "US"))
    american = policy(
        flows=[flow("F1", "permit", to=["US"])], applies_to={"workspaces": ["T1"], "establishment": "US"}
    )
    named = layer("organisation", applies_to={"workspaces": ["T1"], "subjects": ["DE"]})
    assert compiled(american).profile_for("T1", "US").decide(asked).allow
    refused = compiled(american, named).profile_for("T1", "US").decide(asked)
    assert refused.rule == "floor/eea eea-1-disclose"


# --- waivers -----------------------------------------------------------------------------------------

GUEST = question("disclose", "DE", "US", "guest")
GUESTS = policy(flows=[flow("F1", "permit", to=["US"])])


def waiver(**keys: object) -> str:
    base: dict[str, object] = {
        "apiVersion": "residency/v1",
        "kind": "Waiver",
        "metadata": {"id": "sample/waiver", "title": "One case"},
        "policies": ["sample/main"],
        "pack": "floor/eea",
        "clauses": ["eea-1-disclose"],
        "reason": "a court ordered it",
        "counsel": "B. Counsel",
        "author": "An officer",
        "valid": {"from": "2026-10-01", "until": "2027-01-01"},
        "approvals": [{"by": "first", "at": "2026-09-01"}, {"by": "second", "at": "2026-09-02"}],
    }
    return json.dumps({**base, **keys})


def with_waiver(text: str, floor: str = builtin_floors()[0]) -> CompiledBundle:
    documents = (json.dumps(GUESTS), text, floor, *builtin_floors()[1:])
    return compile_bundle(Bundle(1, documents, BUILTIN_REGIONS), AT_S)


def test_a_waiver_lifts_its_clauses_until_it_ends_and_every_decision_says_so() -> None:
    bundle = with_waiver(waiver())
    decision = decided(bundle, GUEST)
    assert (decision.allow, decision.valid_until_s) == (True, UNTIL_S)
    assert "waived by sample/waiver: a court ordered it" in [one.text for one in decision.because]
    assert [one.do for one in decision.obligations] == ["ledger_entry"], "eea-2 is not waived"
    assert decided(bundle.at(UNTIL_S - 1), GUEST).allow
    assert decided(bundle.at(UNTIL_S), GUEST).code == "INSTRUMENT_EXPIRED"
    assert not decided(bundle, replace(GUEST, op="export")).allow, "another clause"
    booked = with_waiver(waiver(clauses=["eea-1-disclose", "eea-2"]))
    assert decided(booked, GUEST).obligations == ()


@pytest.mark.parametrize(
    "keys",
    [
        {"policies": ["sample/other"]},
        {"pack": "floor/in"},
        {"clauses": ["eea-1"]},
        {"valid": {"from": "2026-12-01", "until": "2027-01-01"}},
    ],
)
def test_a_waiver_for_something_else_lifts_nothing(keys: dict[str, object]) -> None:
    assert decided(with_waiver(waiver(**keys)), GUEST).code == "INSTRUMENT_MISSING"


def test_no_waiver_lifts_a_clause_of_a_pack_that_allows_none() -> None:
    hard = builtin_floors()[0].replace("  layer: floor\n", "  layer: floor\n  no_waiver: true\n")
    assert decided(with_waiver(waiver()), GUEST).allow
    assert not decided(with_waiver(waiver(), hard), GUEST).allow


# --- together ----------------------------------------------------------------------------------------


def layered(chance: random.Random) -> Stack:
    """A stack of floors, an organisation, a workspace and a channel, each open or closed."""

    def one(name: str) -> Policy:
        whom = {"workspaces": ["T1"]} | ({"channels": ["C1"]} if name == "channel" else {})
        values = random_policy(chance)
        keys: dict[str, object] = {"metadata": {**METADATA, "id": f"sample/{name}", "layer": name}}
        if name != "workspace":
            keys |= {"applies_to": whom, "default": chance.choice(("open", "open", "closed"))}
        document = load_document(json.dumps({**values, **keys}))
        assert isinstance(document, Policy)
        return document

    around = Around(
        tuple(one("organisation") for _ in range(chance.randint(0, 1))),
        tuple(one("channel") for _ in range(chance.randint(0, 1))),
        chance.random() < 0.5,
    )
    middle = one("workspace")
    establishment = middle.applies_to.establishment[0]
    return make_stack(1, middle, FLOORS, BUILTIN_REGIONS, AT_S, establishment, around=around)


@pytest.mark.parametrize(
    ("stacks", "questions"),
    [(10, 400), pytest.param(400, 2_500, marks=[pytest.mark.long, pytest.mark.timeout(3_000)])],
)
def test_table_and_interpreter_agree_on_random_points_of_random_layers(stacks: int, questions: int) -> None:
    allowed = refused = 0
    for seed in range(stacks):
        chance = random.Random(seed)
        stack = layered(chance)
        profile = TableProfile(compile_stack(stack), 1, stack.boundary_s)
        for _ in range(questions):
            asked = random_question(chance)
            decision = profile.decide(asked)
            assert bare(decision) == interpret(stack, asked), (seed, asked)
            allowed += decision.allow
            refused += not decision.allow
    assert allowed > stacks, "the points must reach both answers"
    assert refused > stacks


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_table_and_interpreter_agree_about_layers(seed: int) -> None:
    chance = random.Random(seed)
    stack = layered(chance)
    profile = TableProfile(compile_stack(stack), 1, stack.boundary_s)
    for _ in range(40):
        asked = random_question(chance)
        assert bare(profile.decide(asked)) == interpret(stack, asked)


def test_cedar_agrees_about_layers() -> None:
    chance = random.Random(2)
    seen = set()
    for _ in range(6):
        stack = layered(chance)
        texts = cedar.layers(stack)
        asked_of = [random_question(chance) for _ in range(600)]
        known = [asked for asked in asked_of if interpret(stack, asked).code != "UNKNOWN_VALUE"]
        known.sort(key=lambda asked: not interpret(stack, asked).allow)
        for asked in known[:20] + known[-10:]:
            request = cedar.request(asked)
            answers = [cedarpy.is_authorized(request, text, []) for text in texts]
            assert not any(answer.diagnostics.errors for answer in answers)
            effect = interpret(stack, asked).code in ("OK", "OBLIGATION_UNSUPPORTED")
            assert all(answer.allowed for answer in answers) == effect, asked
            seen.add(effect)
    assert seen == {True, False}


@settings(max_examples=15, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_a_layer_more_never_allows_what_was_denied(seed: int) -> None:
    chance = random.Random(seed)
    workspace = {**random_policy(chance), "applies_to": {"workspaces": ["T1"], "establishment": "DE"}}
    outer, inner = ({**random_policy(chance), "default": "open", "instruments": []} for _ in range(2))
    for other in (outer, inner):
        for one in other["flows"]:  # type: ignore[attr-defined]
            one.pop("using", None)
    organisation = layer("organisation", **{key: outer[key] for key in ("flows", "placement", "default")})
    channel = layer("channel", **{key: inner[key] for key in ("flows", "placement", "default")})
    before = compiled(workspace)
    after = [compiled(workspace, organisation), compiled(workspace, channel)]
    for _ in range(60):
        asked = replace(random_question(chance), workspace="T1", ref=chance.choice(("", "C1", "C2")))
        if not decided(before, asked).allow:
            assert not any(decided(bundle, asked).allow for bundle in after)
