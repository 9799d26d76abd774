"""Stores to test against: memory and SQLite always, PostgreSQL when its URL is given."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from directory.adapters.memory.store import MemoryStore
from directory.adapters.sql import schema_version
from directory.adapters.sql.engine import Engines
from directory.adapters.sql.store import SqlStore
from directory.adapters.sql.tables import metadata
from directory.ports import Store

POSTGRES = "COLINK_TEST_POSTGRES_URL"
BACKENDS = ("memory", "sqlite", "postgresql")


def sql_url(backend: str, folder: Path) -> str:
    """URL of an empty store; skips the test when PostgreSQL is wanted and not given."""
    if backend == "sqlite":
        return f"sqlite:///{folder / 'directory.db'}"
    url = os.environ.get(POSTGRES)
    if not url:
        pytest.skip(f"no PostgreSQL: set {POSTGRES} to the URL of an empty database")
    url = url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, hide_parameters=True)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()
    return url


@asynccontextmanager
async def opened(backend: str, folder: Path) -> AsyncIterator[Store]:
    """An empty, migrated store."""
    if backend == "memory":
        store: Store = MemoryStore()
    else:
        engines = Engines(sql_url(backend, folder))
        schema_version.migrate(engines)
        schema_version.require_current(engines)
        store = SqlStore(engines)
    try:
        yield store
    finally:
        await store.close()
