"""Where a cell asks for a decision: every point of this plane. Nothing leaves a cell, and nothing of another
cell is used, but through one of them.
"""

from regional_cell.domain.search_exchange import (
    ANSWER_CLASSES,
    ANSWER_OP,
    PURPOSE,
    QUERY_CLASSES,
    QUERY_OP,
)
from residency_policies.points import Point

# What every crossing of this version can discharge; a decision that demands more is refused by the engine.
CAN = frozenset({"ledger_entry", "keep_record"})

# What calls and sockets carry, together: an edge is shown all of it or nothing.
SESSION = (
    "message_body",
    "profile_pii",
    "contact_identifier",
    "membership",
    "channel_meta",
    "presence",
    "typing",
    "read_state",
)
LOCAL = "local"

EDGE_TRANSIT = Point("cell.edge.transit", "transit", SESSION, LOCAL, CAN)
EDGE_DISCLOSE = Point("cell.edge.disclose", "disclose", SESSION, LOCAL, CAN)
FILE_TRANSIT = Point("cell.file.transit", "transit", ("file_content",), LOCAL, CAN)
FILE_DISCLOSE = Point("cell.file.disclose", "disclose", ("file_content",), LOCAL, CAN)

# What people put into a conversation; everything derived from it inherits its subjects.
CONVERSATION = ("message_body", "file_content")
CONVERSATION_STORE = Point("cell.conversation.store", "store", CONVERSATION, LOCAL, CAN)
CONVERSATION_DISCLOSE = Point("cell.conversation.disclose", "disclose", CONVERSATION, LOCAL, CAN)

SEARCH_HERE = Point("cell.search.here", "disclose", ("message_body",), LOCAL, CAN)
SEARCH_FORESEEN = Point("cell.search.foreseen", ANSWER_OP, ANSWER_CLASSES, PURPOSE, CAN)
QUERY_SENT = Point("cell.query.sent", QUERY_OP, QUERY_CLASSES, PURPOSE, CAN)
QUERY_RECEIVED = Point("cell.query.received", QUERY_OP, QUERY_CLASSES, PURPOSE, CAN)
ANSWER_BEGUN = Point("cell.answer.begun", ANSWER_OP, ANSWER_CLASSES, PURPOSE, CAN)
ANSWER_SENT = Point("cell.answer.sent", ANSWER_OP, ANSWER_CLASSES, PURPOSE, CAN)
ANSWER_RECEIVED = Point("cell.answer.received", ANSWER_OP, ANSWER_CLASSES, PURPOSE, CAN)

# Where a flow is first asked about, and counted, whatever the answer. The others ask again about what was
# counted here or in the other cell, or about what might be.
COUNTED = frozenset({SEARCH_HERE, SEARCH_FORESEEN, QUERY_SENT})
"""At the egress. Passages to edges count what passes and what they refuse by themselves."""
