"""Generated stubs of the contracts under proto//common; for adapters, entrypoints and accord.runtime only."""
