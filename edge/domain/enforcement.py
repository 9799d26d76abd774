"""Where an edge asks for a decision: every point of this plane."""

from residency_policies.points import Point

# What passes an edge together on calls and sockets, sign-in and webhooks: all of it or nothing.
SESSION = (
    "message_body",
    "profile_pii",
    "contact_identifier",
    "credential",
    "membership",
    "channel_meta",
    "presence",
    "typing",
    "read_state",
)
LOCAL = "local"

TRANSIT = Point("edge.transit", "transit", SESSION, LOCAL)
FILE_TRANSIT = Point("edge.file.transit", "transit", ("file_content",), LOCAL)
# Which other edge a client is told of.
TRANSIT_ELSEWHERE = Point("edge.elsewhere.transit", "transit", SESSION, LOCAL)
FILE_ELSEWHERE = Point("edge.elsewhere.file.transit", "transit", ("file_content",), LOCAL)

ELSEWHERE = {TRANSIT: TRANSIT_ELSEWHERE, FILE_TRANSIT: FILE_ELSEWHERE}
"""Where it is asked about other edges, once this one was refused."""
