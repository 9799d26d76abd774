"""Generated stubs of proto/accord/wire/cell/v1; for adapters, entrypoints and accord.runtime only."""
