"""Tools that do harm to a running federation, and mend it again in any case."""
