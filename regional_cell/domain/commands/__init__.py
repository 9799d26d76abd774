"""Decisions on commands: given the state at a head, which events follow, or which error.

Every function is pure; it sees only the state and its arguments.
"""
