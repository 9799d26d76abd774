"""Cells as the edge sees them: one batched stream per process. Imported by `bootstrap` alone."""
