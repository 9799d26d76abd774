"""The loader: every fault is named with its place, all are reported together, nothing is silently ignored."""

import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from residency_policies.builtin import builtin_documents, builtin_floors
from residency_policies.document import load_document
from residency_policies.errors import CODES, DocumentError, Finding
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


def findings_of(text: str | bytes) -> tuple[Finding, ...]:
    with pytest.raises(DocumentError) as caught:
        load_document(text, "sample.yaml")
    return caught.value.findings


def test_suggestions_name_the_nearest_word() -> None:
    text = HEAD + FLOW.replace("content", "mesage_body").replace("disclose", "disclos") + "to: [EEA]}\n"
    assert [finding.suggestion for finding in findings_of(text)] == [
        "Did you mean message_body?",
        "Did you mean disclose?",
    ]
    (norway,) = findings_of(HEAD + FLOW + "to: [NO]}\n")
    assert norway.suggestion == 'Write "NO" in quotes (Norway).'


def test_all_faults_are_reported_together_and_in_order() -> None:
    text = HEAD.replace("closed", "ajar") + FLOW + "to: [XX], viewers: [pet]}\nprofs: []\n"
    assert [(finding.code, finding.line) for finding in findings_of(text)] == [
        ("E-UNKNOWN", 5),
        ("E-UNKNOWN", 7),
        ("E-UNKNOWN", 7),
        ("E-KEY", 8),
    ]


def test_a_finding_never_repeats_more_than_a_short_value() -> None:
    secret = "x" * 30 + "confidential" * 20
    text = HEAD + FLOW + f'to: ["{secret}"]}}\n'
    for finding in findings_of(text):
        assert "confidentialconfidential" not in str(finding)


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
