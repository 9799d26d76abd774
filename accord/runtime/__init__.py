"""How a process of any plane starts, serves, calls, logs and ends: settings, TLS, gRPC, metrics, signals.

For: adapters, entrypoints and the bootstrap of each plane. Not for: rules, services and policies, which
stay free of effects. Imports `accord` and the libraries for serving, never a plane.
"""
