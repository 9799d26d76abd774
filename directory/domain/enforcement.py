"""Where the directory asks for a decision: every point of this plane. A home is lawful when all points of a
resident's kind say so.
"""

from directory.domain.placements import ResidentKind
from residency_policies.points import Point
from residency_policies.vocabulary import OBLIGATIONS

# What rests in the home cell of each kind, as the cell's own stores declare it.
REST_CLASSES: dict[ResidentKind, tuple[str, ...]] = {
    ResidentKind.WORKSPACE: (
        "message_body",
        "file_content",
        "search_index",
        "profile_pii",
        "membership",
        "channel_meta",
        "workspace_meta",
        "read_state",
        "activity_log",
        "audit_log",
        "transfer_ledger",
        "enc_key",
        "token",
    ),
    ResidentKind.ORGANISATION: (
        "workspace_meta",
        "membership",
        "channel_meta",
        "audit_log",
        "enc_key",
        "token",
    ),
    ResidentKind.PERSON: (
        "profile_pii",
        "contact_identifier",
        "credential",
        "membership",
        "channel_meta",
        "activity_log",
        "workspace_meta",
        "audit_log",
        "enc_key",
        "token",
    ),
}
LOCAL = "local"
# What a cell owes for what a home does it discharges with every write; here only denials count.
CAN = frozenset(OBLIGATIONS)

HOMES: dict[ResidentKind, tuple[Point, ...]] = {
    kind: (
        Point(f"directory.{kind}.store", "store", classes, LOCAL, CAN),
        Point(f"directory.{kind}.process", "process", classes, LOCAL, CAN),
        Point(f"directory.{kind}.key", "key_use", ("enc_key",), LOCAL, CAN),
    )
    for kind, classes in REST_CLASSES.items()
}
"""What a home does with a resident, by kind."""
INDEX = Point("directory.workspace.index", "index", ("search_index", "message_body"), LOCAL, CAN)
HOMES[ResidentKind.WORKSPACE] += (INDEX,)
