"""Migrations of the directory's schema, run by `python -m directory migrate` and by nothing else.

Not for: reading or writing rows at run time. Loaded by `directory.adapters.sql.schema_version`.
"""
