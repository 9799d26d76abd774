"""The schema's version: brought up to date by an explicit step, required to be exactly ours at start.

Invariants
    1. A store that is older, newer, half-migrated, of another build or none of ours is refused, with the
       reason.
    2. Migrating is one transaction: all steps or none.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError

from directory.adapters.sql.engine import Engines
from directory.adapters.sql.tables import metadata


class SchemaError(Exception):
    """The store has another schema than this program; the text says which way."""


def migrate(engines: Engines) -> str:
    """Run the missing steps; the version afterwards.

    Raises:
        SchemaError: the store is newer, cannot be migrated, or is not what its version says.
    """
    config = _config()
    newest = _newest(config)
    try:
        with engines.writer.begin() as connection:
            _require_not_newer(connection, config)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _require_whole(connection, newest)
    except SQLAlchemyError as error:
        raise SchemaError(f"the store cannot be migrated: {type(error).__name__}") from None
    return newest


def require_current(engines: Engines) -> None:
    """Prove that the store has exactly this program's schema.

    Raises:
        SchemaError: not migrated, older, newer, or with other tables or columns.
    """
    config = _config()
    newest = _newest(config)
    try:
        with engines.reader.connect() as connection:
            _require_not_newer(connection, config)
            heads = MigrationContext.configure(connection).get_current_heads()
            if heads != (newest,):
                found = ", ".join(heads) or "none"
                raise SchemaError(
                    f"the store has schema {found}, this program needs {newest}: run migrate first"
                )
            _require_whole(connection, newest)
    except SQLAlchemyError as error:
        raise SchemaError(f"the store cannot be read: {type(error).__name__}") from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _newest(config: Config) -> str:
    head = ScriptDirectory.from_config(config).get_current_head()
    assert head is not None, "there is one line of migrations"
    return head


def _require_not_newer(connection: Connection, config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise SchemaError(
            f"the store has schema {', '.join(sorted(unknown))}, which this program does not know"
        )


def _require_whole(connection: Connection, version: str) -> None:
    """Each table has the columns of this version and no other: builds before a release may have named
    another schema so.
    """
    inspector = inspect(connection)
    standing = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
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
