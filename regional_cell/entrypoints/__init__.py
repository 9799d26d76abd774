"""Doors into a cell: the gateway of the edges, the public API behind it, the controlled channel, operators,
workers.
"""
