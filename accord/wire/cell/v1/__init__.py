"""Generated stubs of the contracts under proto//cell/v1; for adapters, entrypoints and accord.runtime only."""
