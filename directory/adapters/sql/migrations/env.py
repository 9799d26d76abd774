"""How alembic runs here: on the connection that it is handed, all steps in one transaction."""

from alembic import context

# The caller has begun a transaction; SQLite too keeps schema changes inside it, as its driver begins none.
context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
