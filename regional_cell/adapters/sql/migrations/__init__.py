"""Steps from one version of the schema to the next, run by alembic; `schema_version.migrate` is the only
caller.
"""
