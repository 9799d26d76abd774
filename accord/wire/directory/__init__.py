"""Generated stubs of proto/accord/wire/directory; for adapters, entrypoints and accord.runtime only."""
