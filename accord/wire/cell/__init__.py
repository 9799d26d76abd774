"""Generated stubs of proto/accord/wire/cell; for adapters, entrypoints and accord.runtime only."""
