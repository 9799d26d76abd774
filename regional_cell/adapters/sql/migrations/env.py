"""How alembic runs here: on the connection that it is handed, all steps in one transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_version",
    # SQLite too runs schema changes in a transaction, once the driver does not end it by itself.
    transactional_ddl=True,
)
context.run_migrations()
