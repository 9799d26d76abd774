"""Drivers behind the ports: the directory and the cells over gRPC, the journal and the bundle on disk."""
