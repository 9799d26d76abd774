"""From clauses to rules: codes, waivers of terms, and how far a permit under instruments reaches."""

import json
from dataclasses import replace

import pytest

from residency_policies.decision import Decision, Question, Viewer
from residency_policies.document import load_document
from residency_policies.interpret import interpret
from residency_policies.model import FloorPack, Policy, Waiver
from residency_policies.resolve import policy_rules
from residency_policies.stack import Around, Stack, make_stack
from residency_policies.vocabulary import OBLIGATIONS
from residency_policies.world import World
from tests.residency_policies.sample_law import FIRM, MANY, REGIONS, UNTIL_S, WAIVED_S, WAIVER
from tests.residency_policies.support import AT_S, flow, instrument

ASKED = Question(
    "T1", 7, "disclose", "message_body", "de-1", "us-1", Viewer("employee", "US"), "local",
    can=frozenset(OBLIGATIONS),
)  # fmt: skip
BARE: dict[str, object] = {**FIRM, "placement": None, "facts": [], "packs": [], "retention": []}


def firm(**keys: object) -> Policy:
    values = {key: value for key, value in {**BARE, **keys}.items() if value is not None}
    document = load_document(json.dumps(values))
    assert isinstance(document, Policy)
    return document


def pack(**keys: object) -> FloorPack:
    document = load_document(json.dumps({**MANY, **keys}))
    assert isinstance(document, FloorPack)
    return document


def stack(
    policy: Policy, *floors: FloorPack, waiver: dict[str, object] | None = None, at_s: int = AT_S
) -> Stack:
    document = load_document(json.dumps(waiver or WAIVER))
    assert isinstance(document, Waiver)
    waivers = (document,) if waiver else ()
    return make_stack(7, policy, floors, REGIONS, at_s, "DE", around=Around(waivers=waivers))


def under(*instruments: dict[str, object], at_s: int = AT_S, **keys: object) -> Stack:
    """A permit of disclosing and sharing under the instruments, and nothing else."""
    names = [one["id"] for one in instruments]
    one = flow("F1", "permit", ops=["disclose", "replicate_share"], using=names, **keys)
    return stack(firm(flows=[one], instruments=list(instruments)), at_s=at_s)


def decided(world: Stack, **changes: object) -> Decision:
    return interpret(world, replace(ASKED, **changes))  # type: ignore[arg-type]


def test_the_law_and_the_policy_refuse_under_codes_of_their_own() -> None:
    plain = {"id": "m-9", "effect": "deny", "classes": ["content"], "ops": ["disclose"], "to": ["US"],
             "because": "law", "citation": "B", "confidence": "high"}  # fmt: skip
    permit, deny = flow("F1", "permit", to=["US", "CH"]), flow("F2", "deny", to=["CH"])
    world = stack(firm(flows=[permit, deny]), pack(rules=[plain], adequacy=[], mechanisms=[], retention=[]))
    assert (decided(world).code, decided(world).rule) == ("FLOOR", "floor/many m-9")
    refused = decided(world, dst="ch-1", viewer=Viewer("employee", "CH"))
    assert (refused.code, refused.rule) == ("DENIED", "firm/main F2")


@pytest.mark.parametrize(
    ("clauses", "at_s", "owed"),
    [
        (["m-keep"], AT_S, []),
        (["m-keep"], WAIVED_S, ["retain_min"]),
        (["m-2"], AT_S, ["retain_min"]),
    ],
)
def test_a_term_is_waived_by_its_clause_and_until_the_waiver_ends(
    clauses: list[str], at_s: int, owed: list[str]
) -> None:
    kept = flow("F1", "permit", classes=["audit_log"], ops=["store"], to=["DE"])
    world = stack(firm(flows=[kept]), pack(), waiver={**WAIVER, "clauses": clauses}, at_s=at_s)
    stored = decided(world, op="store", data_class="audit_log", dst="de-1", viewer=Viewer("system"))
    assert [one.do for one in stored.obligations] == owed


def test_a_permit_whose_fact_nobody_asserts_is_none() -> None:
    never = flow("F1", "permit", to=["US"], when={"fact": "recipient_dpf_certified"})
    assert decided(stack(firm(flows=[never]))).code == "CLOSED"
    facts = FIRM["facts"]
    assert decided(stack(firm(flows=[never], facts=facts))).allow
    late = decided(stack(firm(flows=[never], facts=facts), at_s=UNTIL_S))
    assert (late.code, late.rule) == ("INSTRUMENT_EXPIRED", "firm/main F1")
    # What it excepted does not keep it from saying that it has ended.
    except_red = {**never, "unless": {"channel_tag": "red"}}
    later = stack(firm(flows=[except_red], facts=facts), at_s=UNTIL_S)
    assert decided(later, facts=frozenset({"channel_tag:red"})).code == "INSTRUMENT_EXPIRED"


def test_a_permit_reaches_as_far_as_its_instrument() -> None:
    world = under(instrument("ins-1", "scc", ops=["disclose"]), to=["US", "IN"])
    assert decided(world).instrument == "ins-1"
    assert decided(world, dst="in-1", viewer=Viewer("employee", "IN")).code == "CLOSED"
    assert decided(world, op="replicate_share").code == "CLOSED", "an operation that it does not have"


def test_a_permit_for_viewers_of_countries_is_for_those_that_its_instrument_reaches() -> None:
    paper = instrument("ins-1", "scc", ops=["disclose", "replicate_share"])
    world = under(paper, to=["US", "IN"], viewer_countries=["US", "IN"])
    for op in ("disclose", "replicate_share"):
        assert decided(world, op=op).allow
        assert decided(world, op=op, viewer=Viewer("employee", "IN")).code == "CLOSED"


def test_an_instrument_for_single_acts_permits_no_systematic_flow() -> None:
    single = under(
        instrument("ins-1", "consent", ops=["disclose", "replicate_share"], occasional=True), to=["US"]
    )
    always = under(instrument("ins-1", "scc", ops=["disclose", "replicate_share"]), to=["US"])
    shared = {"op": "replicate_share", "viewer": Viewer("system")}
    assert decided(always, **shared).allow
    assert decided(single, **shared).code == "CLOSED"


def test_an_instrument_that_is_not_there_hides_none_of_the_others() -> None:
    one = flow("F1", "permit", to=["US"], using=["ins-0", "ins-1"])
    world = stack(firm(flows=[one], instruments=[instrument("ins-1", "scc")]))
    assert decided(world).instrument == "ins-1"


def test_only_rules_that_place_data_are_of_a_placement() -> None:
    whole = load_document(json.dumps(FIRM))
    assert isinstance(whole, Policy)
    made = stack(whole)
    rules = list(policy_rules(made.layers[0], whole, World((whole,), AT_S, frozenset())))
    placed = {rule.because.clause for rule in rules if rule.placement}
    assert placed == {"P1", "P2"}
    assert {rule.effect for rule in rules if rule.placement} == {"permit", "deny"}
    assert not [rule for rule in rules if rule.effect == "require" and rule.placement]
