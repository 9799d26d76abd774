"""Events: facts in past tense, the entries of a resident's log.

Invariants
    1. Sequences of a resident are dense: 1, 2, 3 ...; `at_us` rises strictly with them.
    2. A kind has one data class and belongs to the logs that `KINDS` names.
    3. Payloads hold strings, integers, booleans, lists and maps. JSON that a client made (blocks,
    attachments, metadata)
       stands in them as text, so that no float has to be canonical.
    4. `topics` name who may hear of the event, each with the event's dense number in that topic.

Not here: what an event does to the views (domain/views), how it looks to clients (domain/objects).
"""

from dataclasses import dataclass
from typing import Any

import msgspec

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: its present schema number, data class (residency vocabulary) and the logs it
    belongs to.
    """

    name: str
    data_class: str
    logs: str
    schema: int = 1


def _kinds(data_class: str, logs: str, *names: str) -> dict[str, Kind]:
    return {name: Kind(name, data_class, logs) for name in names}


KINDS: dict[str, Kind] = {
    **_kinds("workspace_meta", "TEP", "Opened", "KeyRotated", "Redacted"),
    **_kinds("audit_log", "TEP", "AuditNoted"),
    **_kinds("token", "TEP", "TokenIssued", "TokenRevoked"),
    **_kinds("workspace_meta", "T", "WorkspaceCreated", "WorkspaceChanged", "PolicyBound"),
    **_kinds(
        "membership",
        "T",
        "UserJoined",
        "UserRoleSet",
        "UserDeactivated",
        "UserReactivated",
        "UserLinked",
        "GuestExpirySet",
    ),
    **_kinds("profile_pii", "T", "CardUpdated"),
    **_kinds(
        "channel_meta", "T", "ChannelCreated", "ChannelChanged", "ConversationOpened", "ConversationRuled"
    ),
    **_kinds("membership", "T", "MemberAdded", "MemberRemoved"),
    **_kinds(
        "message_body",
        "T",
        "MessagePosted",
        "MessageEdited",
        "MessageDeleted",
        "ReactionAdded",
        "ReactionRemoved",
        "MessageScheduled",
        "ScheduleEnded",
    ),
    **_kinds("read_state", "T", "ReadMarked"),
    **_kinds("file_content", "T", "FileOffered", "FileStored", "FileShared", "FileDeleted", "FilePurged"),
    **_kinds("workspace_meta", "T", "AppInstalled", "WebhookCreated", "WebhookRemoved"),
    **_kinds("workspace_meta", "E", "OrganisationCreated", "WorkspaceAttached"),
    **_kinds("membership", "E", "RoleAssigned"),
    **_kinds("profile_pii", "P", "PersonCreated", "ProfileChanged"),
    **_kinds("contact_identifier", "P", "ContactClaimed", "ContactReleased"),
    **_kinds("credential", "P", "CredentialSet", "CredentialRemoved"),
    **_kinds("activity_log", "P", "SessionOpened", "SessionClosed"),
    **_kinds("membership", "P", "WorkspaceLinked", "WorkspaceUnlinked"),
}


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An event as decided: not yet in a log, without sequence and time.

    `topics` are channel ids, user ids or the resident's own id; in the order in which sockets hear of it.
    """

    kind: str
    payload: Payload
    topics: tuple[str, ...] = ()


class Event(msgspec.Struct, frozen=True, gc=False):
    """An entry of a log.

    Attributes:
        at_us: unix microseconds, strictly rising within the resident; a message's `ts`.
        principal: user, bot or person id that acted; empty for the cell itself.
        topics: (topic, x_seq) pairs; x_seq is this event's number in that topic, dense from 1.
    """

    resident: str
    sequence: int
    epoch: int
    kind: str
    schema: int
    at_us: int
    principal: str
    payload: Payload
    topics: tuple[tuple[str, int], ...]


class SealedEvent(msgspec.Struct, frozen=True, gc=False):
    """An entry as it rests: `sealed` is nonce (12 bytes) and AES-256-GCM ciphertext, or None once redacted.

    `commitment` is SHA-256 of the payload bytes, which hold 16 random bytes `salt`.
    """

    resident: str
    sequence: int
    epoch: int
    kind: str
    schema: int
    at_us: int
    principal: str
    key_id: str
    sealed: bytes | None
    commitment: bytes
    topics: tuple[tuple[str, int], ...]
