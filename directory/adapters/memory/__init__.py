"""A store in memory, held to the same contract suite as the SQL one; nothing in it survives the process.

Not for: running a federation. May be imported by `bootstrap` and tests.
"""
