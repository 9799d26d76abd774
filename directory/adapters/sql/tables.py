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
