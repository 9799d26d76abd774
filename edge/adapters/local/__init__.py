"""What the edge keeps on its own disk. Imported by `bootstrap` alone."""
