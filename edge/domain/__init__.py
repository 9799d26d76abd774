"""Facts and rules of the edge: routes, journal, breaker, fan-out. Pure: no clock, no network, no files."""
