"""Hypothesis counts examples, not milliseconds: a busy machine is no counterexample."""

from hypothesis import settings

settings.register_profile("colink", deadline=None)
settings.load_profile("colink")
