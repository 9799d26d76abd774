"""Every pack against flows that must be refused or allowed, each with the sentence of law that it comes from:
`packs/*.yaml`, executed by the interpreter and by the compiled table.

A case is one workspace of the pack's place, whose own policy is open, so that the pack alone decides. Flows
of a case leave its home; `states` are facts of the question, `owes` exactly what is owed, `rule` the clause
that refuses or that is among the reasons.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from residency_policies.builtin import (
    ADVISORY_PACKS,
    BUILTIN_REGIONS,
    MANDATORY_FLOORS,
    REFERENCE_PACKS,
    builtin_documents,
    builtin_packs,
    reference_packs,
)
from residency_policies.bundle import Bundle, check_bundle, compile_bundle, load_bundle
from residency_policies.compile import compile_stack
from residency_policies.decide import TableProfile
from residency_policies.decision import Question, Region, Viewer
from residency_policies.document import load_document
from residency_policies.errors import BundleError, DocumentError
from residency_policies.interpret import interpret
from residency_policies.model import FloorPack, Policy
from residency_policies.packs import making
from residency_policies.places import is_place
from residency_policies.stack import Stack, make_stack
from residency_policies.vocabulary import MECHANISMS, OBLIGATIONS, OPERATIONS
from tests.residency_policies.support import AT_S, bare, policy, question

FILES = Path(__file__).parent / "packs"
SHIPPED = Path(making.__file__).parent
TEXTS = builtin_packs() + reference_packs()
PACKS = {pack.id: pack for pack in map(load_document, TEXTS) if isinstance(pack, FloorPack)}
VIEWERS = {"disclose": "guest", "search_from": "employee", "support_access": "support",
           "legal_disclosure": "authority"}  # fmt: skip
FACTS = making.read((SHIPPED / "jurisdictions.yaml").read_text("utf-8"))
CLAUSES = making.read((SHIPPED / "clauses.yaml").read_text("utf-8"))


@dataclass(frozen=True)
class Asked:
    """One flow of one case of one pack."""

    file: str
    case: int
    number: int

    @property
    def flow(self) -> dict[str, Any]:
        """The line of the file."""
        found: dict[str, Any] = read(self.file)["cases"][self.case]["flows"][self.number]
        return found

    def __str__(self) -> str:
        return f"{self.file}-{self.case}-{self.number}-{self.flow['op']}-{self.flow['to']}"


@lru_cache
def read(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FILES / f"{file}.yaml").read_text("utf-8"))
    return found


def flows() -> Iterator[Asked]:
    for path in sorted(FILES.glob("*.yaml")):
        for case, one in enumerate(read(path.stem)["cases"]):
            yield from (Asked(path.stem, case, number) for number in range(len(one["flows"])))


def instrument(number: int, one: dict[str, Any]) -> dict[str, Any]:
    """An instrument that reaches everything in its places."""
    return {
        "id": f"ins-{number}",
        "type": one["type"],
        "citation": "the contract",
        "importer": "A company",
        "to": one["to"],
        "classes": ["all"],
        "ops": list(OPERATIONS),
        "valid": {"from": "2026-10-01", "until": "2027-10-01"},
        "evidence": dict.fromkeys(one.get("evidence", "ref").split(), "1"),
    }


@lru_cache
def stack_of(file: str, case: int) -> Stack:
    whole = read(file)
    one, pack, home = whole["cases"][case], PACKS[whole["pack"]], whole["home"]
    fact = {"owner": "counsel", "until": "2027-10-01", "evidence": "a list", "because": "a reason"}
    document = load_document(
        json.dumps(
            policy(
                applies_to={"establishment": home},
                default="open",
                placement=None,
                packs=[pack.id],
                instruments=[instrument(number, it) for number, it in enumerate(one.get("instruments", ()))],
                facts=[{"id": word, **fact} for word in one.get("facts", ())],
            )
        )
    )
    assert isinstance(document, Policy)
    places = sorted({home, *(flow["to"] for flow in one["flows"])})
    regions = [Region(place, place[:2], place if "-" in place else "") for place in places]
    subjects, tags = whole.get("subjects", ()), one.get("tags", ())
    return make_stack(1, document, [pack], regions, AT_S, home, subjects, tags)


@lru_cache
def profile_of(file: str, case: int) -> TableProfile:
    stack = stack_of(file, case)
    return TableProfile(compile_stack(stack), stack.bundle, stack.boundary_s)


@pytest.mark.parametrize("asked", list(flows()), ids=str)
def test_a_flow_comes_out_as_the_law_says(asked: Asked) -> None:
    flow, whole = asked.flow, read(asked.file)
    assert flow["law"].endswith(".")
    assert flow["cites"]
    viewer = flow.get("viewer", VIEWERS.get(flow["op"], "system"))
    asking = Question(
        "T1", 1, flow["op"], flow.get("class", "message_body"), whole["home"], flow["to"],
        Viewer(viewer, flow["to"]), "local", frozenset(flow.get("states", ())), frozenset(OBLIGATIONS),
    )  # fmt: skip
    decision = interpret(stack_of(asked.file, asked.case), asking)
    assert bare(profile_of(asked.file, asked.case).decide(asking)) == decision
    assert decision.allow == (flow["expect"] == "allow"), decision.officer_text
    rule = f"{whole['pack']} {flow['rule']}" if "rule" in flow else ""
    if flow["expect"] == "deny":
        assert decision.rule == rule
    elif rule:
        assert rule in [f"{one.policy} {one.clause}" for one in decision.because]
    if "code" in flow:
        assert decision.code == flow["code"]
    if "owes" in flow:
        assert [one.do for one in decision.obligations] == flow["owes"]


@pytest.mark.parametrize("pack", sorted(PACKS))
def test_every_clause_of_a_pack_is_met_by_a_flow(pack: str) -> None:
    asked = [flow for one in read(pack.replace("/", "-"))["cases"] for flow in one["flows"]]
    met = {flow["rule"] for flow in asked if "rule" in flow}
    # India restricts no country yet: its clause has an empty list and catches nothing.
    assert {rule.id for rule in PACKS[pack].rules} - met <= {"in-4"}
    assert {flow["expect"] for flow in asked} >= {"allow"}


def test_packs_are_what_facts_and_clauses_make_of_them() -> None:
    made = making.pack_texts(FACTS, CLAUSES)
    there = {path.name: path.read_text("utf-8") for path in SHIPPED.glob("*-*.yaml")}
    assert there == made, "run `make reference`"


def test_facts_and_clauses_go_together() -> None:
    with pytest.raises(KeyError, match="floor/kz"):
        making.pack_texts(FACTS, {name: one for name, one in CLAUSES.items() if name != "floor/kz"})


def test_the_lists_of_packs_are_those_of_the_files() -> None:
    assert sorted(PACKS) == sorted(one["pack"]["id"] for one in FACTS["jurisdictions"])
    assert sorted(REFERENCE_PACKS) == sorted(one.id for one in PACKS.values() if one.reference_only)
    assert all(name.startswith("floor/") for name in MANDATORY_FLOORS)
    assert all(name.startswith("pack/") for name in ADVISORY_PACKS)


def test_nothing_claims_to_be_legal_advice() -> None:
    assert all("not legal advice" in text and "Engineering" in text for text in TEXTS)
    assert not any(pack.reviewed_by_counsel for pack in PACKS.values())


def test_every_pack_says_how_sure_it_is_and_when_it_is_read_again() -> None:
    pending = {one["pack"]["id"] for one in FACTS["jurisdictions"] if one["pending"]}
    for pack in PACKS.values():
        assert pack.last_checked_s
        assert pack.review_days == (90 if pack.id in pending else 365)
        assert {one.duty for one in pack.deadlines} & {"access", "breach_authority"}
        assert all(rule.citation and rule.confidence for rule in pack.rules)
        assert all(clause.citation and clause.confidence for clause in pack.retention)


def test_an_advisory_pack_forbids_nothing() -> None:
    assert {rule.effect for name in ADVISORY_PACKS for rule in PACKS[name].rules} == {"require"}


def test_what_cannot_be_proved_lifts_nothing() -> None:
    for entry in FACTS["jurisdictions"]:
        held = {one.to for one in PACKS[entry["pack"]["id"]].adequacy}
        for one in entry["transfer"]["adequate_destinations"]:
            sure = is_place(one.get("id", "")) and "status" not in one
            assert (one.get("id") in held) == (sure and ("scope" not in one or "fact" in one))
        assert {one["id"] for one in entry["transfer"]["mechanisms"]} <= set(MECHANISMS)


def codes(error: BundleError | DocumentError) -> set[str]:
    return {finding.code for finding in error.findings}


@pytest.mark.parametrize(("pack", "place"), [("floor/cn", "CN"), ("floor/ru", "RU")])
def test_a_pack_for_reference_is_read_and_compiled_and_never_put_into_force(pack: str, place: str) -> None:
    text = next(text for text in reference_packs() if f"id: {pack}\n" in text)
    bundle = Bundle(1, (*builtin_documents(), text), BUILTIN_REGIONS)
    assert load_bundle(bundle.canonical_bytes).hash == bundle.hash
    analysed = compile_bundle(bundle, AT_S)
    assert pack in [floor.id for floor in analysed.stack_for(analysed.policies[0], place).floors]
    with pytest.raises(BundleError) as refused:
        check_bundle(bundle, AT_S)
    assert codes(refused.value) == {"E-REFERENCE"}


@pytest.mark.parametrize(
    "applies_to",
    [{"establishment": "RU"}, {"establishment": "FR", "subjects": ["CN"]},
     {"establishment": "FR", "subjects": ["US_COUNTRIES_OF_CONCERN"]}],
)  # fmt: skip
def test_nobody_is_served_whose_law_stands_in_a_pack_for_reference(applies_to: dict[str, object]) -> None:
    text = json.dumps(policy(applies_to=applies_to))
    with pytest.raises(BundleError) as refused:
        check_bundle(Bundle(1, (*builtin_documents(), text), BUILTIN_REGIONS), AT_S)
    assert codes(refused.value) == {"E-REFERENCE"}
    assert "E-REFERENCE" in str(refused.value)


def test_no_region_lies_where_only_a_pack_for_reference_says_the_law() -> None:
    with pytest.raises(BundleError) as refused:
        check_bundle(Bundle(1, builtin_documents(), (*BUILTIN_REGIONS, Region("north", "CN"))), AT_S)
    assert codes(refused.value) == {"E-REFERENCE"}


def test_a_workspace_that_asserts_such_people_gets_the_safe_core() -> None:
    bundle = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), AT_S)
    abroad = question("disclose", "DE", "US", "employee")
    assert bundle.profile_for("T1", "DE").decide(abroad).allow
    assert bundle.profile_for("T1", "DE", subjects=("RU",)).decide(abroad).code == "NO_TABLE"


def test_a_bundle_is_the_same_in_whatever_order_its_packs_come() -> None:
    one = Bundle(1, builtin_documents(), BUILTIN_REGIONS)
    assert Bundle(1, builtin_documents()[::-1], BUILTIN_REGIONS).hash == one.hash
