"""Obligations: where each can be discharged at all, and the evidence that it was.

Evidence is a mapping of named fields. A field that ends in `_s` is Unix seconds, one that ends in `_count` or
`_sequence` a number; all others are text that is not empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from residency_policies.decision import Obligation
from residency_policies.vocabulary import OPERATIONS, Moment

Evidence = Mapping[str, "str | int"]
_ALL: Final = frozenset(OPERATIONS)
_COPY: Final = frozenset({"replicate_dr", "replicate_share", "export"})
_GIVE: Final = frozenset({"disclose", "replicate_share", "export", "legal_disclosure"})
_FIELDS_OF_NUMBERS: Final = ("_s", "_count", "_sequence")


@dataclass(frozen=True, slots=True)
class Discharge:
    """At which operations an obligation can be discharged, and the fields of its evidence."""

    ops: frozenset[str]
    fields: tuple[str, ...]


DISCHARGES: Final[dict[str, Discharge]] = {
    "ledger_entry": Discharge(_ALL, ("ledger_sequence",)),
    "encrypt_key_in": Discharge(_COPY | {"store", "index"}, ("key_id", "key_place")),
    "commit_primary_first": Discharge(
        _COPY | {"index", "disclose", "process"}, ("home_sequence", "home_commit")
    ),
    "redact": Discharge(_GIVE | {"search_from", "support_access"}, ("profile_sha256",)),
    "aggregate_only": Discharge(frozenset({"aggregate", "export", "disclose"}), ("group_count",)),
    "blind_only": Discharge(_COPY | {"store", "process", "index", "search_from"}, ("lookup_key_id",)),
    "notify_subject": Discharge(_GIVE | {"replicate_dr", "relocate"}, ("notice_id", "due_s")),
    "notify_officer": Discharge(_ALL, ("notice_id", "due_s")),
    "notify_authority": Discharge(_GIVE | {"replicate_dr", "relocate"}, ("notice_id", "due_s")),
    "retain_min": Discharge(frozenset({"store"}), ("keep_until_s",)),
    "retain_max": Discharge(frozenset({"store"}), ("purge_at_s",)),
    "keep_record": Discharge(_ALL, ("record_id",)),
    "second_approval": Discharge(
        _GIVE | {"replicate_dr", "support_access", "relocate", "key_use"}, ("approval_id", "approver")
    ),
    "local_copy": Discharge(frozenset({"store", "replicate_dr"}), ("copy_place", "copy_commit")),
}


def undischarged(
    owed: Iterable[Obligation], moment: Moment, evidence: Mapping[str, Evidence]
) -> tuple[str, ...]:
    """Obligations due at a moment whose evidence is not there or not whole, sorted.

    Args:
        evidence: by name of the obligation.
    """
    due = [one.do for one in owed if one.when == moment]
    return tuple(sorted(name for name in due if not _whole(name, evidence.get(name, {}))))


def _whole(name: str, evidence: Evidence) -> bool:
    known = DISCHARGES.get(name)
    return known is not None and all(_shown(field, evidence.get(field)) for field in known.fields)


def _shown(field: str, value: object) -> bool:
    if field.endswith(_FIELDS_OF_NUMBERS):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, str) and bool(value)
