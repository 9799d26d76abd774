"""What the directory's services need from outside, as promises in prose.

Not for: rules. May be imported by services, adapters, entrypoints and `bootstrap`.
"""
