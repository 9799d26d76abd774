"""Errors and findings of policy documents and bundles.

    PolicyError
    ├── DocumentError      one document cannot be used; holds every finding
    └── BundleError        documents are fine alone and wrong together, or the bytes are no bundle

A finding names a place in a document and never quotes more of it than one key or one short value.
"""

from collections.abc import Iterable
from dataclasses import dataclass

CODES: dict[str, str] = {
    "E-YAML": "the text is not YAML",
    "E-YAML-UTF8": "the bytes are not UTF-8",
    "E-YAML-SIZE": "the document is too large, too deep or has too many parts",
    "E-YAML-MANY": "the text holds no document or several",
    "E-YAML-ALIAS": "anchors and aliases are refused",
    "E-YAML-TAG": "tags and merge keys are refused",
    "E-YAML-BOOL": "a code became a boolean",
    "E-YAML-NULL": "an empty value",
    "E-YAML-NUMBER": "a number that is not a plain decimal integer",
    "E-YAML-DATE": "a date without quotes",
    "E-YAML-CHAR": "a character that cannot be printed",
    "E-YAML-KEY": "a key that is not a string",
    "E-DUPLICATE": "the same key or the same id twice",
    "E-KEY": "a key that this kind does not have",
    "E-MISSING": "a key that must be there",
    "E-TYPE": "a value of the wrong type or shape",
    "E-UNKNOWN": "a word outside the vocabulary",
    "E-REF": "a reference to something that is not in the bundle",
    "E-UNSUPPORTED": "this version cannot enforce it",
    "E-AMBIGUOUS": "two policies apply to the same workspace with equal right",
    "E-FLOOR-MISSING": "a mandatory floor is not in the bundle",
    "E-FLOOR-CHANGED": "a mandatory floor says something else than the shipped one",
    "E-GUARD": "too many fact bits in one profile",
    "E-REGION": "a region that cannot be used",
    "E-VOCABULARY": "made for another vocabulary",
    "E-BUNDLE": "the bytes are not a bundle",
    "E-TEST": "an expectation of a document fails",
    "E-PROOF": "a claim of a document is refuted",
    "E-INSTRUMENT-SCOPE": "a flow wider than its instruments",
    "E-OCCASIONAL": "a flow that goes on by itself under a ground for single acts",
    "E-NO-TIA": "an instrument without what its law wants beside it",
    "E-KEY-PLACE": "data that would be opened where its keys are not",
    "E-REPLICA-MIN": "too few regions for the required copies",
    "E-OBLIGATION": "an obligation that nothing can discharge there",
    "E-REFERENCE": "a pack that is for reference and not for customers, or a place under one",
    "E-WAIVER": "a waiver of a pack that allows none",
    "W-LOWCONF": "a fact of law that is of low confidence",
    "E-BACKDATE": "a start in the past",
    "E-SOD": "a second person must approve",
    "E-RETENTION": "a minimum term above a maximum one",
    "E-INSTRUMENT-EXPIRED": "an instrument has ended and no longer counts",
    "E-FLOOR": "a permit that floors refuse everywhere",
    "E-CONTRADICT": "a permit and denies of one document that say the opposite",
    "E-NO-CELL": "a placement that no active cell can meet",
    "E-CAPACITY": "the cells that may hold the workspaces are too full",
    "E-CONFLICT-FLOORS": "laws that together leave a class no place to be",
    "E-DERIVED": "something made from a class goes where the class does not",
    "W-PARTLY-DEAD": "a permit that floors refuse in part",
    "W-UNREACHABLE": "a rule that changes nothing",
    "W-REVIEW": "no review date, one that has passed, or one more than a year away",
    "W-EXPIRES": "a fact has expired, or an instrument ends before the review",
    "W-UNCHECKED-FACT": "facts of law that nobody confirmed within their review interval",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault of a document. Lines and columns count from 1; 0 means that no place in a text is meant."""

    document: str
    line: int
    column: int
    code: str
    path: str
    sentence: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        head = f"{self.document}: {place}{self.code} {self.path}".rstrip()
        return f"{head}: {self.sentence}" + (f". {self.suggestion}" if self.suggestion else "")


class PolicyError(Exception):
    """Base of everything this package raises. `findings` is sorted and never empty."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(sorted(findings))
        super().__init__("; ".join(str(finding) for finding in self.findings))


class DocumentError(PolicyError):
    """A document cannot be used. Every fault that could be found is in `findings`."""


class BundleError(PolicyError):
    """Documents that do not fit together, or bytes that are no bundle of this vocabulary."""
