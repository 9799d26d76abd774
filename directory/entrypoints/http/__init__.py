"""The read-only HTTP face: health, metrics, cells and the active bundle; no secrets, no residents.

Not for: rules. May be imported by `bootstrap` alone.
"""
