"""The directory's rules as pure functions and frozen records: no clock, no store, no wire.

Not for: reading or writing anything. May be imported by every other room of the directory.
"""
