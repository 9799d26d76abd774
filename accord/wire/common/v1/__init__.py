"""Generated stubs of proto/accord/wire/common/v1; for adapters, entrypoints and accord.runtime only."""
