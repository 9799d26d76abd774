"""The life of policies: review and roll-out of revisions.

Not for: distributing bundles. May be imported by entrypoints and `bootstrap`.
"""
