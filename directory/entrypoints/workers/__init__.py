"""What happens by itself: the sweep of expired leases.

Not for: rules. May be imported by `bootstrap` alone.
"""
