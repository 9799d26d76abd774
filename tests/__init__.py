"""Tests of Colink. The tree mirrors the source; `deploy/tiers.py` says which tier runs what."""
