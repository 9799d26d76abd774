"""The closed vocabulary that documents and questions speak, with dense indexes.

Invariants
    1. Every list is closed and ordered; a word's index is its place in the list plus one.
    2. Index 0 is reserved for a word that is not in the list; it always takes the strictest answer.
    3. Words are only ever appended, and `VERSION` rises when they are.

Places (countries and blocs) are in `places`.
"""

from typing import Final, Literal, get_args

VERSION: Final = 2
UNKNOWN: Final = 0
UNKNOWN_COUNTRY: Final = "ZZ"

CLASS_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "content": ("message_body", "document_content", "file_content", "call_media", "link_preview"),
    "derived": (
        "search_index",
        "search_snippet",
        "notification_payload",
        "file_derivative",
        "ai_derived",
        "moderation_feature",
    ),
    "identity": ("profile_pii", "contact_identifier", "credential"),
    "pseudonymous": ("identifier_blind",),
    "structure": ("membership", "channel_meta", "workspace_meta", "federation_link"),
    "activity": ("presence", "typing", "read_state", "activity_log"),
    "records": ("audit_log", "transfer_ledger", "legal_hold"),
    "secrets": ("enc_key", "signing_key", "token"),
    "copies": ("backup", "export_bundle"),
    "ops": ("telemetry", "support_case", "billing"),
}
GROUP_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "personal": ("content", "derived", "identity", "pseudonymous", "structure", "activity", "copies"),
    "all": tuple(CLASS_GROUPS),
}
CLASSES: Final[tuple[str, ...]] = tuple(leaf for leaves in CLASS_GROUPS.values() for leaf in leaves)
OPERATIONS: Final[tuple[str, ...]] = (
    "store",
    "process",
    "transit",
    "replicate_dr",
    "replicate_share",
    "index",
    "search_from",
    "disclose",
    "export",
    "support_access",
    "legal_disclosure",
    "key_use",
    "aggregate",
    "relocate",
)
# Operations that put data before somebody: here the country of the viewer counts beside the country of the
# region.
SHOWING: Final[frozenset[str]] = frozenset(
    {"transit", "search_from", "disclose", "export", "support_access", "legal_disclosure"}
)
RELATIONS: Final[tuple[str, ...]] = ("employee", "guest", "external", "support", "authority", "system")
PURPOSES: Final[tuple[str, ...]] = (
    "local",
    "profile_card",
    "shared_channel",
    "search",
    "administration",
    "app_delivery",
    "relocation",
    "standby",
    "export",
    "support",
    "legal",
)
CUSTODY: Final[tuple[str, ...]] = ("platform", "human", "authority")
KEY_CUSTODY: Final[tuple[str, ...]] = ("platform_kms", "platform_hsm", "customer_kms", "customer_hsm")
MECHANISMS: Final[tuple[str, ...]] = (
    "adequacy",
    "scc",
    "bcr",
    "ad_hoc_clauses",
    "certification",
    "code_of_conduct",
    "regulator_approval",
    "security_assessment",
    "filing",
    "notification",
    "impact_assessment",
    "consent",
    "contract_necessity",
    "legal_claims",
    "vital_interest",
    "public_interest",
    "treaty",
    "accountability",
)

# Acts that go on by themselves, which a ground for single acts never covers; the others are single acts.
SYSTEMATIC: Final[frozenset[str]] = frozenset(
    {"store", "process", "transit", "replicate_dr", "replicate_share", "index", "search_from"}
    | {"key_use", "aggregate", "relocate"}
)
# Layers of documents that customers write, outer to inner; the platform and floors stand outside of them.
POLICY_LAYERS: Final[tuple[str, ...]] = ("organisation", "workspace", "channel")
ORDERS: Final[tuple[str, ...]] = ("any", "primary_first")
RETENTION_STARTS: Final[tuple[str, ...]] = ("written", "account_closure", "workspace_closure")
DEADLINE_UNITS: Final[tuple[str, ...]] = ("hours", "calendar_days", "business_days", "months")
DUTIES: Final[tuple[str, ...]] = (
    "access",
    "erasure",
    "breach_authority",
    "breach_individuals",
    "breach_controller",
    "filing",
)

Moment = Literal["before", "with", "after"]
# When an obligation is discharged relative to the act.
OBLIGATIONS: Final[dict[str, Moment]] = {
    "ledger_entry": "with",
    "encrypt_key_in": "before",
    "commit_primary_first": "before",
    "redact": "with",
    "aggregate_only": "with",
    "blind_only": "with",
    "notify_subject": "after",
    "notify_officer": "after",
    "notify_authority": "after",
    "retain_min": "after",
    "retain_max": "after",
    "keep_record": "with",
    "second_approval": "before",
    "local_copy": "before",
}

# Facts about the law's conditions that a policy document asserts, with an owner, an end and evidence.
ASSERTED_FACTS: Final[tuple[str, ...]] = ("recipient_dpf_certified",)
# Facts that the caller observes at the time of the question: counters, modes, properties of the record.
OBSERVED_FACTS: Final[tuple[str, ...]] = (
    "counter_below_us_bulk_thresholds",
    "counter_cn_below_exempt",
    "rbi_foreign_leg",
    "vn_exempt",
    "incident_mode",
)
COUNTERS: Final[frozenset[str]] = frozenset(f for f in OBSERVED_FACTS if f.startswith("counter_"))
# A question carries tags as facts with these prefixes; tags of the workspace belong to the profile instead.
TAG_FACTS: Final[tuple[str, ...]] = ("channel_tag", "item_tag")

Code = Literal[
    "OK",
    "FLOOR",
    "CLOSED",
    "INSTRUMENT_MISSING",
    "INSTRUMENT_EXPIRED",
    "COUNTER",
    "KEY_PLACE",
    "UNKNOWN_VALUE",
    "BUNDLE_SKEW",
    "OBLIGATION_UNSUPPORTED",
    "HALTED",
    "NO_TABLE",
    "DENIED",
]
CODES: Final[tuple[Code, ...]] = get_args(Code)

OP_INDEX: Final[dict[str, int]] = {word: i for i, word in enumerate(OPERATIONS, 1)}
CLASS_INDEX: Final[dict[str, int]] = {word: i for i, word in enumerate(CLASSES, 1)}
RELATION_INDEX: Final[dict[str, int]] = {word: i for i, word in enumerate(RELATIONS, 1)}
PURPOSE_INDEX: Final[dict[str, int]] = {word: i for i, word in enumerate(PURPOSES, 1)}

_SETS: Final[dict[str, frozenset[str]]] = {
    **{leaf: frozenset({leaf}) for leaf in CLASSES},
    **{group: frozenset(leaves) for group, leaves in CLASS_GROUPS.items()},
    **{
        alias: frozenset(leaf for group in groups for leaf in CLASS_GROUPS[group])
        for alias, groups in GROUP_ALIASES.items()
    },
}
CLASS_WORDS: Final[tuple[str, ...]] = tuple(_SETS)


def leaves_of(word: str) -> frozenset[str]:
    """Leaves that a class, group or alias stands for; empty for an unknown word."""
    return _SETS.get(word, frozenset())


def is_observable(fact: str) -> bool:
    """Whether a question may state this fact: an observed fact, or a tag of the channel or the item."""
    prefix, colon, tag = fact.partition(":")
    return fact in OBSERVED_FACTS if not colon else bool(tag) and prefix in TAG_FACTS
