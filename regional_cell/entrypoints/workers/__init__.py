"""What runs by itself in a cell's process: marks of sockets, settling of claims, upkeep by the leader.

Imported by bootstrap alone.
"""
