"""Generated stubs of the contracts under proto//common/v1; for adapters, entrypoints and accord.runtime only."""
