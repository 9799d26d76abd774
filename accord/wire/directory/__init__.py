"""Generated stubs of the contracts under proto//directory; for adapters, entrypoints and accord.runtime only."""
