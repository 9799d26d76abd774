"""Generated stubs of the contracts under proto//directory/v1; for adapters, entrypoints and accord.runtime only."""
