"""The log, its views and the cell's own small records in an SQL database; SQLite in a file by default.

Not for: the search index, file bytes and the ledger, which have stores of their own. Imported by bootstrap
alone.
"""
