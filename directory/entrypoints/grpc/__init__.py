"""The gRPC face: one servicer per service of `accord.wire.directory.v1`, one allow row per rpc.

Not for: rules. May be imported by `bootstrap` alone.
"""
