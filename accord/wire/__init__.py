"""Generated stubs of the contracts under proto; for adapters, entrypoints and accord.runtime only."""
