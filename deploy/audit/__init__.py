"""Audit: judges what clients of a federation were promised by what they wrote down, offline.

`colink audit HISTORY ...` reads histories (`history.py`, docs/reference/histories.md) and names the invariant
that is broken (`verdict.py`). For flows, for operators, for whoever drives a federation with clients of their
own; needs the standard library alone and imports no plane.
"""
