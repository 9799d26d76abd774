"""The faces of the directory: gRPC for cells, edges and operators, HTTP for people, workers for time.

Not for: rules. May be imported by `bootstrap` alone.
"""
