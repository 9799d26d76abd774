"""Measurements against a running demo; anyone can repeat them. Not shipped, never asserted in a test."""
