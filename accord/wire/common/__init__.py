"""Generated stubs of proto/accord/wire/common; for adapters, entrypoints and accord.runtime only."""
