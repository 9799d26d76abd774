"""The durable store: SQLite by default, PostgreSQL by URL; one schema, explicit migrations.

Not for: rules. May be imported by `bootstrap` alone.
"""
