"""Stores to test against: memory and SQLite always, PostgreSQL when its URL is given."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from directory.adapters.memory.store import MemoryStore
from directory.adapters.sql import schema_version
from directory.adapters.sql.engine import Engines
from directory.adapters.sql.store import SqlStore
from directory.adapters.sql.tables import metadata
from directory.ports.store import Store

POSTGRES = "COLINK_TEST_POSTGRES_URL"
BACKENDS = ("memory", "sqlite", "postgresql")


def sql_url(backend: str, folder: Path) -> str:
    """URL of an empty store; skips the test when PostgreSQL is wanted and not given."""
    if backend == "sqlite":
        return f"sqlite:///{folder / 'directory.db'}"
    url = os.environ.get(POSTGRES)
    if not url:
        pytest.skip(f"no PostgreSQL: set {POSTGRES} to the URL of an empty database")
    url = _own_database(url.replace("postgresql://", "postgresql+psycopg://"))
    engine = create_engine(url, hide_parameters=True)
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()
    return url


def _own_database(url: str) -> str:
    """A database beside the given one for each worker of a parallel run; made when it is not there."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return url
    given = make_url(url)
    name = f"{given.database}_{worker}"
    engine = create_engine(given, isolation_level="AUTOCOMMIT", hide_parameters=True)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
        if found.first() is None:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return given.set(database=name).render_as_string(hide_password=False)


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
