"""Ports made real: stores, keys, peers. The only room, besides entrypoints, that knows drivers and stubs."""
