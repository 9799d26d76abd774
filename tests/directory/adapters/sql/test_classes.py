"""The directory holds no content and no readable identity: every column and every field is looked at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import inspect

from accord.wire.directory.v1 import directory_pb2 as pb
from directory.adapters.sql import schema_version
from directory.adapters.sql.classes import CLASSES
from directory.adapters.sql.engine import Engines
from residency_policies.vocabulary import CLASS_GROUPS, CLASS_INDEX

READABLE = {name for group in ("content", "derived", "identity", "activity") for name in CLASS_GROUPS[group]}

FIELDS_BY_CLASS = {
    "workspace_meta": "resident cell establishment subjects tags handover idempotency_key missing residents"
    " lease_id cursor attribute request_id purpose traceparent principal delta last_hash bundle bundle_hash"
    " orders kind channel outcome rule shadow data_class what refused",
    # `key`: names of nodes, in a map.
    "federation_link": "name jurisdiction region addresses operator url node key",
    "signing_key": "key_id public_key purposes signature authority",
    "telemetry": "software state reason roles jurisdictions",
    "transfer_ledger": "checkpoint",
    "identifier_blind": "index",
    # Of officers alone: a made-up name, and the invitation's secret.
    "credential": "officer",
    "token": "secret",
}
FIELDS = {name: data_class for data_class, names in FIELDS_BY_CLASS.items() for name in names.split()}
"""Every text and byte field of the directory's messages."""


def fields(message: Any, seen: set[str]) -> Iterator[str]:
    """Names of text and byte fields of a message and of those inside it."""
    if message.full_name in seen:
        return
    seen.add(message.full_name)
    for field in message.fields:
        if field.message_type is not None:
            yield from fields(field.message_type, seen)
        elif field.type in (field.TYPE_STRING, field.TYPE_BYTES):
            yield field.name


def test_every_column_has_a_data_class_and_every_class_a_column(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    schema_version.migrate(engines)
    inspector = inspect(engines.writer)
    stored = {
        table: {column["name"] for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
    }
    engines.close()
    assert {table: set(columns) for table, columns in CLASSES.items()} == stored


def test_no_class_of_a_column_is_content_or_identity() -> None:
    used = {data_class for columns in CLASSES.values() for data_class in columns.values()}
    assert used <= set(CLASS_INDEX)
    assert not (used & READABLE) - {"credential"}
    holders = {table for table, columns in CLASSES.items() if "credential" in columns.values()}
    assert holders == {"officers"}
    assert CLASSES["claims"]["blind_index"] == "identifier_blind"


def test_no_field_of_the_service_carries_content_or_identity() -> None:
    messages = pb.DESCRIPTOR.message_types_by_name.values()
    seen: set[str] = set()
    names = {name for message in messages for name in fields(message, seen)}
    assert names == set(FIELDS)
    assert set(FIELDS.values()) <= set(CLASS_INDEX)
    assert not (set(FIELDS.values()) & READABLE) - {"credential"}
    assert [name for name, data_class in FIELDS.items() if data_class == "credential"] == ["officer"]


def test_nothing_that_routes_carries_a_name() -> None:
    for message in (pb.RouteDelta, pb.ResolveResponse, pb.FindResponse):
        assert "index" not in set(fields(message.DESCRIPTOR, set()))
