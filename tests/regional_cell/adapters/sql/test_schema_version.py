"""A store with another schema is refused, by name; classes cover every column."""

import re
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from regional_cell.adapters.sql import schema_version
from regional_cell.adapters.sql.classes import CLASSES
from regional_cell.adapters.sql.database import connect
from regional_cell.adapters.sql.schema_version import VERSION_TABLE, SchemaError, migrate, require_current
from regional_cell.adapters.sql.tables import METADATA, TRAFFIC
from residency_policies.vocabulary import CLASSES as DATA_CLASSES
from tests.regional_cell.stores import sql_url


def edited(tmp_path: Path, *statements: str) -> None:
    """Someone changes the schema behind the program's back."""
    connection: sqlite3.Connection = connect(tmp_path / "cell.db")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_migrated_store_is_current_and_migrating_again_changes_nothing(tmp_path: Path) -> None:
    assert migrate(sql_url(tmp_path)) == migrate(sql_url(tmp_path))
    require_current(sql_url(tmp_path))


def test_a_missing_store_is_refused_and_not_created(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no store"):
        require_current(sql_url(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    edited(tmp_path, "CREATE TABLE something (x INTEGER)")
    with pytest.raises(SchemaError, match="schema none"):
        require_current(sql_url(tmp_path))


def test_a_newer_store_is_refused_by_start_and_by_migrate(tmp_path: Path) -> None:
    migrate(sql_url(tmp_path))
    edited(tmp_path, "UPDATE schema_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="9999"):
        require_current(sql_url(tmp_path))
    with pytest.raises(SchemaError, match="9999"):
        migrate(sql_url(tmp_path))


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("DROP TABLE reads", "reads lacks"),
        ("ALTER TABLE messages DROP COLUMN files", "messages lacks files"),
        ("ALTER TABLE messages ADD COLUMN mood TEXT", "messages also has mood"),
    ],
)
def test_a_store_that_is_not_what_its_version_says_is_refused_by_start_and_by_migrate(
    tmp_path: Path, statement: str, where: str
) -> None:
    migrate(sql_url(tmp_path))
    edited(tmp_path, statement)
    with pytest.raises(SchemaError, match=f"schema 0003, .*{where}"):
        require_current(sql_url(tmp_path))
    with pytest.raises(SchemaError, match=f"schema 0003, .*{where}"):
        migrate(sql_url(tmp_path))


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cell.db").write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises((SchemaError, sqlite3.DatabaseError)):
        require_current(sql_url(tmp_path))


def test_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    edited(tmp_path, "CREATE TABLE users (x INTEGER)")
    with pytest.raises(SchemaError):
        migrate(sql_url(tmp_path))
    names = sa.inspect(sa.create_engine(sql_url(tmp_path))).get_table_names()
    assert names == ["users"]


def standing(engine: sa.Engine) -> set[str]:
    """Statements that would make what is there, in one spelling."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").scalars()
        return {re.sub(r'[\s"]+', "", row) for row in rows if VERSION_TABLE not in row}


def test_the_migrations_make_the_declared_schema(tmp_path: Path) -> None:
    migrate(sql_url(tmp_path))
    migrated, declared = sa.create_engine(sql_url(tmp_path)), sa.create_engine("sqlite://")
    METADATA.create_all(declared)
    assert standing(migrated) == standing(declared), "a changed table needs a version of its own"
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []


def test_every_column_has_a_data_class_and_every_class_a_column(tmp_path: Path) -> None:
    migrate(sql_url(tmp_path))
    inspector = sa.inspect(sa.create_engine(sql_url(tmp_path)))
    standing = {
        name: {column["name"] for column in inspector.get_columns(name)}
        for name in inspector.get_table_names()
    }
    assert {name: set(columns) for name, columns in CLASSES.items()} == standing
    named = {data_class for columns in CLASSES.values() for data_class in columns.values()}
    assert named <= set(DATA_CLASSES)


def test_what_was_counted_before_there_were_shadows_is_kept(tmp_path: Path) -> None:
    engine, config = sa.create_engine(sql_url(tmp_path)), schema_version._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            sa.text("INSERT INTO traffic (number, start_s, flows, position) VALUES (1, 2, 3, 4)")
        )
    migrate(sql_url(tmp_path))
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(sa.select(TRAFFIC))] == [(1, 2, b"", 3, 4)]
