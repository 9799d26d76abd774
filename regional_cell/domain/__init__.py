"""What is true in a cell: events, the fold of a log into views, decisions on commands, public shapes.

Pure and synchronous: no store, no wire, no clock, no randomness. May import accord's pure part and
residency_policies.
"""
