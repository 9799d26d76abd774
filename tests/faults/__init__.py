"""Faults, injected into real processes: what users see, and what never happens."""
