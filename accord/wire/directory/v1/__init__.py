"""Generated stubs of proto/accord/wire/directory/v1; for adapters, entrypoints and accord.runtime only."""
