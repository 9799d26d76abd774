"""Every code of a finding has a document that it is found in, and a message with line and column."""

import pytest

from residency_policies.document import load_document
from residency_policies.errors import CODES, DocumentError
from residency_policies.yaml_tree import SIZE_BYTES_MAX
from tests.residency_policies.golden import Case, cases, findings

CASES = list(cases())
# Faults of bytes that no file of a checkout can hold well.
RAW: list[tuple[str | bytes, str]] = [
    (b"a: \xff", "E-YAML-UTF8"),
    ("a: \ud800", "E-YAML-UTF8"),
    ("# " + "x" * SIZE_BYTES_MAX, "E-YAML-SIZE"),
    ("a: " + "[" * 30 + "]" * 30, "E-YAML-SIZE"),
]
# Codes of whole bundles, which no document has; `test_bundle` has them.
OF_BUNDLES = {"E-BUNDLE", "E-REGION", "E-VOCABULARY", "E-FLOOR-MISSING", "E-FLOOR-CHANGED"}


@pytest.mark.parametrize("case", CASES, ids=[f"{case.code}/{case.name}" for case in CASES])
def test_a_fault_is_said_with_its_place_and_sentence(case: Case) -> None:
    found = [str(one) for one in findings(case)]
    assert found == list(case.expected)
    assert any(f" {case.code} " in f"{one} ".replace(":", " ") for one in found)


@pytest.mark.parametrize(("text", "code"), RAW)
def test_bytes_that_are_no_document_are_refused(text: str | bytes, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load_document(text)
    assert [(one.code, one.line) for one in caught.value.findings] == [(code, 1)]


def test_every_code_has_a_case() -> None:
    assert {case.code for case in CASES} | {code for _, code in RAW} | OF_BUNDLES == set(CODES)


def test_every_case_names_a_place() -> None:
    """But for what is said of two documents together, or of a pack that is read elsewhere."""
    placeless = {"E-AMBIGUOUS", "E-DUPLICATE", "E-GUARD", "W-UNCHECKED-FACT"}
    for case in CASES:
        if case.code not in placeless:
            assert all(": line " in one and ", column " in one for one in case.expected), case.name
