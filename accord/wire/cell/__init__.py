"""Generated stubs of the contracts under proto//cell; for adapters, entrypoints and accord.runtime only."""
