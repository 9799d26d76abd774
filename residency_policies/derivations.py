"""The derivation graph: which data classes are made from which. Part of the closed vocabulary; feeds proofs.

A derived class inherits the subjects and jurisdictions of its source: who holds a snippet holds words of the
message. Copies (`backup`, `export_bundle`) hold what was put into them and give it back wherever they are.

Invariants
    1. Every class named is a leaf of the vocabulary; secrets derive nothing and are in no copy.
    2. `derived_from` is closed: what derives from a derivative derives from the source.
"""

from typing import Final

from residency_policies.vocabulary import CLASS_GROUPS, CLASSES, OPERATIONS

COPIES: Final[frozenset[str]] = frozenset(CLASS_GROUPS["copies"])
_SECRETS: Final[frozenset[str]] = frozenset(CLASS_GROUPS["secrets"])
_FOUND: Final = ("search_index", "search_snippet")
_JUDGED: Final = ("ai_derived", "moderation_feature")
_MADE: Final[dict[str, tuple[str, ...]]] = {
    "message_body": (*_FOUND, *_JUDGED, "notification_payload", "link_preview"),
    "document_content": (*_FOUND, *_JUDGED, "notification_payload", "link_preview", "file_derivative"),
    "file_content": (*_FOUND, *_JUDGED, "notification_payload", "file_derivative"),
    "call_media": (*_JUDGED, "file_derivative"),
    "link_preview": (*_FOUND, *_JUDGED, "notification_payload"),
    "search_index": ("search_snippet",),
    "file_derivative": (*_FOUND, *_JUDGED, "notification_payload"),
    "ai_derived": (*_FOUND, "notification_payload"),
    "profile_pii": (*_FOUND, "notification_payload", "identifier_blind"),
    "contact_identifier": ("identifier_blind",),
    "channel_meta": (*_FOUND, "notification_payload"),
    "workspace_meta": ("notification_payload",),
}
# Leaf to the leaves that are made from it directly.
DERIVED: Final[dict[str, tuple[str, ...]]] = {
    leaf: (*_MADE.get(leaf, ()), *(() if leaf in COPIES | _SECRETS else CLASS_GROUPS["copies"]))
    for leaf in CLASSES
}


def derived_from(source: str) -> frozenset[str]:
    """The leaf itself and everything that is made from it, directly or not."""
    found, waiting = {source}, [source]
    while waiting:
        for leaf in DERIVED[waiting.pop()]:
            if leaf not in found:
                found.add(leaf)
                waiting.append(leaf)
    return frozenset(found)


def carriers(leaf: str) -> frozenset[str]:
    """Copies that may hold the leaf: where such a copy goes, the leaf goes with it and can be taken out."""
    return _CARRIERS[leaf]


_CARRIERS: Final = {leaf: COPIES & frozenset(made) for leaf, made in DERIVED.items()}


# In whose custody data is after an operation. Human and authority are ends: they do no operation here.
ENDS_IN: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(OPERATIONS, ("platform",)),
    "search_from": ("platform", "human"),
    "disclose": ("human",),
    "export": ("platform", "human"),
    "support_access": ("human",),
    "legal_disclosure": ("authority",),
}
