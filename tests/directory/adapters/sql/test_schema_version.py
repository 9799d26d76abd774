"""A store is exactly ours, or it is refused."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from accord.errors import OverloadedError
from directory.adapters.sql import schema_version
from directory.adapters.sql.engine import Engines
from directory.adapters.sql.schema_version import SchemaError
from directory.adapters.sql.tables import metadata, traffic
from tests.directory.stores import sql_url

SQL = ("sqlite", "postgresql")


@pytest.mark.parametrize("backend", SQL)
def test_migrations_make_exactly_the_tables_that_are_used(backend: str, tmp_path: Path) -> None:
    engines = Engines(sql_url(backend, tmp_path))
    assert schema_version.migrate(engines) == schema_version.migrate(engines)
    schema_version.require_current(engines)
    with engines.reader.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engines.close()


@pytest.mark.parametrize("backend", SQL)
@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "does not know"),
        ("DELETE FROM alembic_version", "run migrate"),
        ("DROP TABLE alembic_version", "run migrate"),
        ("DROP TABLE tombstones", "half-migrated"),
        ("ALTER TABLE edges DROP COLUMN url", "release of schema 0008.*: edges lacks url"),
        ("ALTER TABLE edges ADD COLUMN colour TEXT", "release of schema 0008.*: edges also has colour"),
    ],
)
def test_another_schema_is_refused_by_name(backend: str, fault: str, word: str, tmp_path: Path) -> None:
    engines = Engines(sql_url(backend, tmp_path))
    schema_version.migrate(engines)
    with engines.writer.begin() as connection:
        connection.execute(text(fault))
    with pytest.raises(SchemaError, match=word):
        schema_version.require_current(engines)
    engines.close()


def test_an_empty_store_is_not_migrated_by_itself(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    with pytest.raises(SchemaError, match="run migrate first"):
        schema_version.require_current(engines)
    engines.close()


def test_a_newer_store_is_not_migrated(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    schema_version.migrate(engines)
    with engines.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="does not know"):
        schema_version.migrate(engines)
    engines.close()


def test_a_store_of_another_build_is_not_taken_for_migrated(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    schema_version.migrate(engines)
    with engines.writer.begin() as connection:
        connection.execute(text("ALTER TABLE edges DROP COLUMN url"))
    with pytest.raises(SchemaError, match="release of schema 0008"):
        schema_version.migrate(engines)
    engines.close()


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    with engines.writer.begin() as connection:
        connection.execute(text("CREATE TABLE bundles (version INTEGER)"))
    with pytest.raises(SchemaError, match="cannot be migrated"):
        schema_version.migrate(engines)
    with engines.reader.connect() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        assert list(names) == ["bundles"]
    engines.close()


def test_one_file_has_one_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'directory.db'}"
    engines = Engines(url)
    with pytest.raises(OverloadedError):
        Engines(url)
    engines.close()
    Engines(url).close()


def test_sqlite_syncs_every_commit_and_readers_never_write(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    with engines.writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    with engines.reader.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA query_only").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == 0
    engines.close()


@pytest.mark.parametrize("backend", SQL)
def test_what_cells_counted_before_there_were_shadows_is_kept(backend: str, tmp_path: Path) -> None:
    engines = Engines(sql_url(backend, tmp_path))
    config = schema_version._config()
    with engines.writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        connection.execute(text("INSERT INTO traffic (cell, number, start_s, flows) VALUES ('c', 1, 2, 3)"))
    schema_version.migrate(engines)
    with engines.reader.connect() as connection:
        assert [tuple(row) for row in connection.execute(select(traffic))] == [("c", 1, 2, b"", 3)]
    engines.close()
