"""One file per step of the schema, in order; a step that has been released is never changed.

Not for: anything but alembic operations. Loaded by alembic alone.
"""
