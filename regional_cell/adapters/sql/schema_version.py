"""The schema's version: brought up to date by an explicit step, required to be exactly ours at start.

Invariants
    1. A store that is older, newer, half-migrated, of another build or none of ours is refused, with the
       reason.
    2. Migrating is one transaction: all steps or none.
"""

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from accord.errors import ColinkError
from regional_cell.adapters.sql.database import connect, file_of
from regional_cell.adapters.sql.inherited import write_again
from regional_cell.adapters.sql.tables import METADATA

VERSION_TABLE = "schema_version"


class SchemaError(Exception):
    """The store has another schema than this program; the text says which way."""


def migrate(url: str) -> str:
    """Run the missing steps; gives the version afterwards. Raises SchemaError: newer, it cannot be migrated,
    or it is not what its version says.
    """
    config = _config()
    newest = _newest(config)
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            _require_not_newer(connection, config)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _require_whole(connection, newest)
    except SQLAlchemyError as error:
        raise SchemaError(f"the store cannot be migrated: {_why(error)}") from None
    finally:
        engine.dispose()
    return newest


def require_current(url: str) -> None:
    """Prove that the store has exactly this program's schema; nothing is created or changed.

    Raises:
        SchemaError: missing, not migrated, older, newer, or with other tables or columns.
    """
    if not file_of(url).is_file():
        raise SchemaError("there is no store: run migrate first")
    config = _config()
    newest = _newest(config)
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            _require_not_newer(connection, config)
            heads = _heads(connection)
            if heads != (newest,):
                found = ", ".join(heads) or "none"
                raise SchemaError(
                    f"the store has schema {found}, this program needs {newest}: run migrate first"
                )
            _require_whole(connection, newest)
    except SQLAlchemyError as error:
        raise SchemaError(f"the store cannot be read: {_why(error)}") from None
    finally:
        engine.dispose()


def _engine(url: str) -> sa.Engine:
    path = file_of(url)
    engine = sa.create_engine(url, creator=lambda: _connect(path), poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _connect(path: Path) -> sqlite3.Connection:
    # Closing the only connection copies the log back, so what it holds has to be on the disk before.
    connection = connect(path)
    try:
        write_again(connection, path)
    except (ColinkError, sqlite3.Error) as error:
        connection.close()
        raise SchemaError(f"the log of the store cannot be synced: {error}") from None
    return connection


def _why(error: SQLAlchemyError) -> str:
    """The database's own name of what happened, where it has one."""
    return getattr(getattr(error, "orig", None), "sqlite_errorname", None) or type(error).__name__


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _newest(config: Config) -> str:
    head = ScriptDirectory.from_config(config).get_current_head()
    assert head is not None, "there is one line of migrations"
    return head


def _heads(connection: sa.Connection) -> tuple[str, ...]:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return tuple(context.get_current_heads())


def _require_not_newer(connection: sa.Connection, config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown := set(_heads(connection)) - known:
        raise SchemaError(
            f"the store has schema {', '.join(sorted(unknown))}, which this program does not know"
        )


def _require_whole(connection: sa.Connection, version: str) -> None:
    """Each table has the columns of this version and no other: builds before a release may have named
    another schema so.
    """
    inspector = sa.inspect(connection)
    standing = set(inspector.get_table_names())
    for table in METADATA.sorted_tables:
        columns = (
            {it["name"] for it in inspector.get_columns(table.name)} if table.name in standing else set()
        )
        for says, names in (
            ("lacks", set(table.columns.keys()) - columns),
            ("also has", columns - set(table.columns.keys())),
        ):
            if names:
                raise SchemaError(
                    f"the store is half-migrated, or of a build before the release of schema {version}, from"
                    f" which no step leads here: {table.name} {says} {', '.join(sorted(names))}"
                )
