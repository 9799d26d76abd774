"""The directory's tables. Every column has a data class in `directory.adapters.sql.classes`.

Lists are kept as canonical JSON, byte strings as they are, times as unix seconds. `version` columns come from
one counter (`counters`, row `version`), so they order changes over all tables.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, MetaData, Table, Text

metadata = MetaData()

counters = Table(
    "counters", metadata, Column("name", Text, primary_key=True), Column("value", BigInteger, nullable=False)
)

route_versions = Table(
    "route_versions", metadata, Column("version", BigInteger, primary_key=True, autoincrement=False)
)

placements = Table(
    "placements",
    metadata,
    Column("resident", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("cell", Text, nullable=False, index=True),
    Column("epoch", BigInteger, nullable=False),
    Column("bundle_version", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False, unique=True),
    Column("handover", LargeBinary, nullable=False),
    Column("establishment", Text, nullable=False),
    Column("subjects", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("resident", Text, primary_key=True),
    Column("cell", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False, unique=True),
)

reported_epochs = Table(
    "reported_epochs",
    metadata,
    Column("resident", Text, primary_key=True),
    Column("cell", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
)

cells = Table(
    "cells",
    metadata,
    Column("name", Text, primary_key=True),
    Column("jurisdiction", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("addresses", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("authority", LargeBinary, nullable=False),
    Column("version", BigInteger, nullable=False, unique=True),
)

edges = Table(
    "edges",
    metadata,
    Column("name", Text, primary_key=True),
    Column("jurisdiction", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("version", BigInteger, nullable=False, unique=True),
)

keys = Table(
    "keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("cell", Text, nullable=False, index=True),
    Column("purposes", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("not_before_s", BigInteger, nullable=False),
    Column("not_after_s", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False, unique=True),
)

cell_reports = Table(
    "cell_reports",
    metadata,
    Column("cell", Text, primary_key=True),
    Column("software", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("bundle_version", BigInteger, nullable=False),
    Column("checkpoint", Text, nullable=False),
    Column("announced_s", BigInteger, nullable=False),
    # NULL, both: the cell did not say.
    Column("free_bytes", BigInteger),
    Column("held_bytes", BigInteger),
)

leases = Table(
    "leases",
    metadata,
    Column("lease_id", Text, primary_key=True),
    Column("cell", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("expires_s", BigInteger, nullable=False),
    Index("leases_by_state", "state", "expires_s"),
)

# The primary key is the promise that a name has one owner inside a jurisdiction.
claims = Table(
    "claims",
    metadata,
    Column("jurisdiction", Text, primary_key=True),
    Column("attribute", Text, primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("blind_index", LargeBinary, primary_key=True),
    Column("resident", Text, nullable=False, index=True),
    Column("lease_id", Text, ForeignKey("leases.lease_id"), nullable=False, index=True),
    Index("claims_by_index", "blind_index"),
)

bundles = Table(
    "bundles",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("bundle", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("activated_s", BigInteger, nullable=False),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("node", Text, primary_key=True),
    Column("bundle_version", BigInteger, nullable=False),
    Column("checkpoint", Text, nullable=False),
    Column("acknowledged_s", BigInteger, nullable=False),
)

first_acknowledgements = Table(
    "first_acknowledgements",
    metadata,
    Column("bundle_version", BigInteger, primary_key=True, autoincrement=False),
    Column("node", Text, primary_key=True),
    Column("checkpoint", Text, nullable=False),
    Column("acknowledged_s", BigInteger, nullable=False),
)

officers = Table(
    "officers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("roles", Text, nullable=False),
    Column("jurisdictions", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("totp_sealed", LargeBinary, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("locked_until_s", BigInteger, nullable=False),
    Column("enrolment", LargeBinary, nullable=False),
    Column("enrolment_until_s", BigInteger, nullable=False),
)

officer_sessions = Table(
    "officer_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("officer", Text, nullable=False, index=True),
    Column("opened_s", BigInteger, nullable=False),
    Column("expires_s", BigInteger, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("counsel", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("canonical", LargeBinary, nullable=False),
    Column("jurisdictions", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("findings", LargeBinary, nullable=False),
    Column("submitted_s", BigInteger, nullable=False),
    Column("analysis", LargeBinary, nullable=False),
    Column("activate_s", BigInteger, nullable=False),
    Column("pilot", Text, nullable=False),
    Column("base_version", BigInteger, nullable=False),
    Column("bundle_version", BigInteger, nullable=False),
    Column("rolls_back", BigInteger, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Text, primary_key=True),
    Column("officer", Text, primary_key=True),
    Column("roles", Text, nullable=False),
    Column("approved_s", BigInteger, nullable=False),
)

policy_log = Table(
    "policy_log",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("open", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
)

policy_log_nodes = Table(
    "policy_log_nodes",
    metadata,
    Column("level", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

halts = Table(
    "halts",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("scope", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("halted_s", BigInteger, nullable=False),
    Column("until_s", BigInteger, nullable=False),
    Column("approver", Text, nullable=False),
    Column("lifted_s", BigInteger, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("orders", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

traffic_reports = Table(
    "traffic_reports",
    metadata,
    Column("cell", Text, primary_key=True),
    Column("since_us", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("until_s", BigInteger, nullable=False),
)

traffic_kinds = Table(
    "traffic_kinds",
    metadata,
    Column("cell", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", LargeBinary, nullable=False),
)

traffic = Table(
    "traffic",
    metadata,
    Column("cell", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("start_s", BigInteger, primary_key=True, autoincrement=False),
    Column("shadow", LargeBinary, primary_key=True),
    Column("flows", BigInteger, nullable=False),
)

unlawful = Table(
    "unlawful",
    metadata,
    Column("cell", Text, primary_key=True),
    Column("bundle_version", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("read_only", BigInteger, nullable=False),
    Column("listed", LargeBinary, nullable=False),
    Column("reported_s", BigInteger, nullable=False),
)

traffic_differences = Table(
    "traffic_differences",
    metadata,
    Column("cell", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("start_s", BigInteger, primary_key=True, autoincrement=False),
    Column("shadow", LargeBinary, primary_key=True),
    Column("data_class", Text, primary_key=True),
    Column("what", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("flows", BigInteger, nullable=False),
)

shadows = Table(
    "shadows",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("bundle", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("begun_s", BigInteger, nullable=False),
    Column("ended_s", BigInteger, nullable=False, index=True),
)

shadow_acknowledgements = Table(
    "shadow_acknowledgements",
    metadata,
    Column("shadow", LargeBinary, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("refused", Text, nullable=False),
    Column("acknowledged_s", BigInteger, nullable=False),
)
