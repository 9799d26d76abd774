"""The loader: every fault is named with its place, all are reported together, nothing is silently ignored."""

import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from residency_policies.builtin import builtin_documents, builtin_floors
from residency_policies.document import load_document
from residency_policies.errors import CODES, DocumentError, Finding
from residency_policies.yaml_tree import SIZE_BYTES_MAX
from tests.residency_policies.support import policy, random_policy

HEAD = """apiVersion: residency/v1
kind: Policy
metadata: {id: sample/main, title: Sample, layer: workspace}
applies_to: {establishment: "DE"}
default: closed
"""
FLOW = "flows:\n  - {id: F1, effect: permit, classes: [content], ops: [disclose], because: a reason, "
FLOOR = """apiVersion: residency/v1
kind: FloorPack
metadata: {id: floor/x, title: X, layer: floor, version: "1", last_checked: "2026-11-23",
  confidence: high, disclaimer: no advice}
applies_when: {establishment: ["DE"]}
rules:
  - {id: x-1, effect: deny, classes: [all], ops: [export], because: law, """

# text, code, path, line, column, sentence
GOLDEN: list[tuple[str, str, str, int, int, str]] = [
    ("a: [", "E-YAML", "", 2, 1, "not YAML: did not find expected node content"),
    ("a: \ud800", "E-YAML-UTF8", "", 1, 1, "the text is not UTF-8"),
    ("# " + "x" * SIZE_BYTES_MAX, "E-YAML-SIZE", "", 1, 1, "larger than 262144 bytes"),
    ("a: " + "[" * 30 + "]" * 30, "E-YAML-SIZE", "", 1, 27, "too deep or too many values"),
    (HEAD + "---\na: b\n", "E-YAML-MANY", "", 6, 1, "a second document starts here"),
    ("# nothing\n", "E-YAML-MANY", "", 1, 1, "the text holds no document"),
    (HEAD + "packs: &p [floor/eea]\n", "E-YAML-ALIAS", "", 6, 8, "anchors and aliases are refused"),
    (HEAD + "packs: !!python/name:os.system\n", "E-YAML-TAG", "", 6, 8, "tags are refused"),
    (HEAD + "<<: {packs: []}\n", "E-YAML-TAG", "", 6, 1, "merge keys are refused"),
    (HEAD + FLOW + "to: [NO]}\n", "E-YAML-BOOL", "", 7, 91, '`NO` was read as "false"'),
    (HEAD + FLOW + "to: [true]}\n", "E-YAML-BOOL", "flows.F1.to", 7, 91, "expected text"),
    (HEAD + "packs:\n", "E-YAML-NULL", "", 6, 7, "the value is empty"),
    (HEAD + "packs: [1.5]\n", "E-YAML-NUMBER", "", 6, 9, "only whole decimal numbers are read"),
    (HEAD + "packs: [2026-11-21]\n", "E-YAML-DATE", "", 6, 9, "a date needs quotes"),
    (HEAD + 'packs: ["a\\u200bb"]\n', "E-YAML-CHAR", "", 6, 9, "holds a character that cannot be printed"),
    (HEAD + "[a]: b\n", "E-YAML-KEY", "", 6, 1, "a key must be a string"),
    (HEAD + "default: open\n", "E-DUPLICATE", "", 6, 1, '"default" stands twice in one mapping'),
    (HEAD + FLOW + 'to: ["DE"]}\n  - {id: F1, effect: deny, classes: [all], ops: [export], because: b}\n',
     "E-DUPLICATE", "F1", 8, 5, '"F1" stands twice'),
    (HEAD + "flow: []\n", "E-KEY", "flow", 6, 1, 'there is no key "flow" here'),
    (HEAD + FLOW + 'too: ["DE"], to: ["DE"]}\n',
     "E-KEY", "flows.F1.too", 7, 86, 'there is no key "too" here'),
    (HEAD + FLOW + "viewers: [guest]}\n", "E-MISSING", "flows.F1", 7, 5, "a permit needs to or to_not"),
    (HEAD + FLOW + "to: []}\n", "E-MISSING", "flows.F1.to", 7, 90, "the list of places is empty"),
    (HEAD.replace('establishment: "DE"', "tags: [x]"), "E-MISSING", "applies_to", 4, 13,
     "names neither workspaces nor an establishment"),
    (HEAD + FLOW + 'to: ["DE"], unless: {}}\n',
     "E-MISSING", "flows.F1.unless", 7, 106, "the condition is empty"),
    (HEAD + FLOW + 'to: "DE"}\n', "E-TYPE", "flows.F1.to", 7, 90, "expected a list"),
    (HEAD + FLOW + 'to: ["DE"], to_not: ["US"]}\n', "E-TYPE", "flows.F1.to_not", 7, 106, "stands beside to"),
    (HEAD + FLOW + 'to: ["DE"], ops: [sell]}\n',
     "E-DUPLICATE", "", 7, 98, '"ops" stands twice in one mapping'),
    (HEAD + FLOW.replace("content", "messages") + 'to: ["DE"]}\n', "E-UNKNOWN", "flows.F1.classes", 7, 40,
     '"messages" is not a data class.'),
    (HEAD + FLOW + 'to: ["XX"]}\n', "E-UNKNOWN", "flows.F1.to", 7, 91, '"XX" is not a country or a bloc.'),
    (HEAD + FLOW + 'to: ["ZZ"]}\n', "E-UNKNOWN", "flows.F1.to", 7, 91, '"ZZ" is not a country or a bloc.'),
    (HEAD + FLOW + 'to: ["DE"], obligations: [pray]}\n', "E-UNKNOWN", "flows.F1.obligations", 7, 112,
     '"pray" is not an obligation.'),
    (HEAD + FLOW + 'to: ["DE"], when: {fact: rumour}}\n', "E-UNKNOWN", "flows.F1.when.fact", 7, 111,
     '"rumour" is not a fact.'),
    (HEAD + FLOW + 'to: ["US-CA"]}\n', "E-UNSUPPORTED", "flows.F1.to", 7, 91,
     "this version cannot enforce it: places are countries and blocs"),
    (HEAD + FLOW + 'to: ["DE"], using: [ins-1]}\n', "E-UNSUPPORTED", "flows.F1.using", 7, 98,
     "this version cannot enforce it: transfer instruments"),
    (HEAD + "retention: []\n", "E-UNSUPPORTED", "retention", 6, 1,
     "this version cannot enforce it: keeping and erasing by deadline"),
    (HEAD + "instruments: []\n", "E-UNSUPPORTED", "instruments", 6, 1,
     "this version cannot enforce it: transfer instruments"),
    (HEAD + "proofs: []\n", "E-UNSUPPORTED", "proofs", 6, 1,
     "this version cannot enforce it: proofs of reachability"),
    (HEAD.replace("layer: workspace", "layer: channel"), "E-UNSUPPORTED", "metadata.layer", 3, 51,
     "this version cannot enforce it: layers other than workspace"),
    (HEAD.replace("kind: Policy", "kind: Waiver"), "E-UNSUPPORTED", "kind", 2, 7,
     "this version cannot enforce it: documents of kind Waiver"),
    (HEAD + 'placement:\n  - {id: P1, classes: [content], primary: {in: ["DE"]},'
     ' because: b, order: primary_first}\n',
     "E-UNSUPPORTED", "placement.P1.order", 7, 69,
     "this version cannot enforce it: the order of first writes"),
    (HEAD + 'placement:\n  - {id: P1, classes: [content], primary: {in: ["DE"], min: 2}, because: b}\n',
     "E-UNSUPPORTED", "placement.P1.primary.min", 7, 56,
     "this version cannot enforce it: the number of copies"),
    (FLOOR + "citation: A, confidence: high, using: [x]}\n", "E-UNSUPPORTED", "rules.x-1.using", 7, 105,
     "this version cannot enforce it: transfer instruments"),
    (FLOOR + "confidence: high}\n", "E-MISSING", "rules.x-1", 7, 5, 'the key "citation" is missing'),
    (FLOOR.replace("deny", "permit") + "citation: A, confidence: high}\n",
     "E-UNKNOWN", "rules.x-1.effect", 7, 23,
     '"permit" is not an effect.'),
    (HEAD + FLOW + 'to: ["DE"]}\n'
     'facts: [{id: incident_mode, owner: a, until: "2027-01-01", evidence: b, because: c}]\n',
     "E-UNKNOWN", "facts.incident_mode.id", 8, 14,
     '"incident_mode" is not a fact that a document can assert.'),
]  # fmt: skip
# Codes that need several documents, an instant or bytes of a bundle; test_bundle and test_table cover them.
ELSEWHERE = {
    "E-REF", "E-AMBIGUOUS", "E-FLOOR-MISSING", "E-GUARD", "E-REGION", "E-VOCABULARY", "E-BUNDLE", "E-TEST",
    "E-FLOOR-CHANGED", "W-REVIEW", "W-EXPIRES",
}  # fmt: skip


def findings_of(text: str | bytes) -> tuple[Finding, ...]:
    with pytest.raises(DocumentError) as caught:
        load_document(text, "sample.yaml")
    return caught.value.findings


@pytest.mark.parametrize(
    ("text", "code", "path", "line", "column", "sentence"),
    GOLDEN,
    ids=[f"{g[1]}-{i}" for i, g in enumerate(GOLDEN)],
)
def test_a_fault_has_its_code_place_and_sentence(
    text: str, code: str, path: str, line: int, column: int, sentence: str
) -> None:
    (finding,) = findings_of(text)
    assert (finding.code, finding.path, finding.line, finding.column, finding.sentence) == (
        code, path, line, column, sentence,
    )  # fmt: skip
    assert finding.document == "sample.yaml"


def test_every_code_has_a_failing_document() -> None:
    assert {golden[1] for golden in GOLDEN} | ELSEWHERE == set(CODES)
    assert not {golden[1] for golden in GOLDEN} & ELSEWHERE


def test_suggestions_name_the_nearest_word() -> None:
    text = HEAD + FLOW.replace("content", "mesage_body").replace("disclose", "disclos") + "to: [EEA]}\n"
    assert [finding.suggestion for finding in findings_of(text)] == [
        "Did you mean message_body?",
        "Did you mean disclose?",
    ]
    (norway,) = findings_of(HEAD + FLOW + "to: [NO]}\n")
    assert norway.suggestion == 'Write "NO" in quotes (Norway).'


def test_all_faults_are_reported_together_and_in_order() -> None:
    text = HEAD.replace("closed", "ajar") + FLOW + "to: [XX], using: [i], viewers: [pet]}\nproofs: []\n"
    assert [(finding.code, finding.line) for finding in findings_of(text)] == [
        ("E-UNKNOWN", 5),
        ("E-UNKNOWN", 7),
        ("E-UNSUPPORTED", 7),
        ("E-UNKNOWN", 7),
        ("E-UNSUPPORTED", 8),
    ]


def test_a_finding_never_repeats_more_than_a_short_value() -> None:
    secret = "x" * 30 + "confidential" * 20
    text = HEAD + FLOW + f'to: ["{secret}"]}}\n'
    for finding in findings_of(text):
        assert "confidentialconfidential" not in str(finding)


@pytest.mark.parametrize(
    ("title", "codes"),
    [
        ("a", ["E-UNSUPPORTED"] * 7),
        ("b", ["E-UNSUPPORTED"] * 5),
        ("c", ["E-UNSUPPORTED"] * 6),
    ],
)
def test_documents_of_the_full_language_are_refused_by_name_and_never_half_read(
    title: str, codes: list[str]
) -> None:
    placement = {
        "id": "P1",
        "classes": ["content"],
        "primary": {"in": ["DE"]},
        "replicas": {"in": ["DE"], "min": 1},
        "backups": {"in": ["DE"], "max_age_days": 35},
        "keys": {"in": ["DE"], "custody": "customer_hsm"},
        "because": "decision of the board",
    }
    flow = {
        "id": "F1",
        "effect": "permit",
        "classes": ["content"],
        "ops": ["disclose"],
        "to": ["US"],
        "because": "b",
    }
    extra: dict[str, dict[str, object]] = {
        "a": {
            "placement": [placement],
            "flows": [{**flow, "using": ["ins-1"]}],
            "instruments": [{"id": "ins-1"}],
            "proofs": [{"id": "X1", "claim": "never_reaches"}],
            "metadata": {
                "id": "sample/main", "title": "Sample", "layer": "workspace",
                "effective": {"from": "2026-01-01", "until": "2028-01-01"},
            },
        },
        "b": {"placement": [placement], "retention": [{"min_days": 365}], "proofs": []},
        "c": {
            "placement": [{**placement, "order": "primary_first"}],
            "flows": [{**flow, "using": ["ins-1"]}],
            "instruments": [],
        },
    }  # fmt: skip
    assert [finding.code for finding in findings_of(json.dumps(policy(**extra[title])))] == codes


def test_built_in_documents_and_their_canonical_json_mean_the_same() -> None:
    for text in builtin_documents():
        document = load_document(text)
        assert load_document(json.dumps(document.canonical)).canonical == document.canonical


def test_random_policies_load() -> None:
    for seed in range(30):
        load_document(json.dumps(random_policy(random.Random(seed))))


def refuses_cleanly(text: str | bytes) -> None:
    findings: tuple[Finding, ...] | None = None
    try:
        load_document(text)
    except DocumentError as error:
        findings = error.findings
    assert findings is None or findings
    assert all(finding.code in CODES for finding in findings or ())


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
@example("? [a]\n: b")
@example("- - - -")
@example("%YAML 9.9\n---\na")
@example("\x00")
@example(b"\xef\xbb\xbfa: b")
def test_no_text_raises_anything_but_the_declared_error(text: str | bytes) -> None:
    refuses_cleanly(text)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_mutation_of_a_real_document_raises_anything_but_the_declared_error(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from((*builtin_floors(), HEAD + FLOW + 'to: ["DE"]}\n'))).splitlines(
        keepends=True
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(("cut", "drop", "twice", "insert", "indent")))
        line = lines[at]
        if change == "cut":
            lines[at] = line[: data.draw(st.integers(0, len(line)))]
        elif change == "drop":
            lines[at] = ""
        elif change == "twice":
            lines[at] = line * 2
        elif change == "insert":
            place = data.draw(st.integers(0, len(line)))
            lines[at] = (
                line[:place] + data.draw(st.sampled_from([*"[]{}:,&*!|>'\"%@#?-\t~0", "é"])) + line[place:]
            )
        else:
            lines[at] = "  " + line
    refuses_cleanly("".join(lines))


json_values = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["content", "DE", "disclose"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted([*policy(), "facts", "tests", "packs"])), json_values)
def test_a_value_of_any_shape_in_any_place_is_read_or_refused(key: str, value: object) -> None:
    refuses_cleanly(json.dumps(policy(**{key: value}), ensure_ascii=False))
    sample = {
        "id": "F1",
        "effect": "permit",
        "classes": ["content"],
        "ops": ["export"],
        "to": ["DE"],
        "because": "b",
    }
    for inner in sample:
        refuses_cleanly(json.dumps(policy(flows=[{**sample, inner: value}]), ensure_ascii=False))


def test_a_document_without_metadata_is_told_so_once() -> None:
    (finding,) = findings_of(
        HEAD.replace("metadata: {id: sample/main, title: Sample, layer: workspace}\n", "")
    )
    assert (finding.code, finding.sentence) == ("E-MISSING", 'the key "metadata" is missing')
