"""The baseline: the same transports and the same durability without a product around them.

An edge holds sockets and speaks one gRPC stream to a cell, which commits groups to SQLite
(`synchronous=FULL`) and tells whoever listens. No tokens, scopes, policy, sealing, fence, history or resume:
what this machine can do at most, not an example of how to do it.
"""
