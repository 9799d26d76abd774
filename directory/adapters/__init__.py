"""Stores and other outside things behind the promises of `directory.ports`.

Not for: rules. May be imported by `bootstrap` alone.
"""
