"""The edge: ends TLS near the user, authenticates, resolves the home cell from its own route table and
forwards.

For: routing, transit decisions, fan-out to sockets. Not for: content at rest, permissions, accounts: the
home cell decides all that. Nobody imports this package; other planes meet it on the wire.
"""
