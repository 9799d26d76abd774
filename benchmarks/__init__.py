"""Measurements for anyone, against a running demo. Nothing here is asserted; README.md says how to read the
figures.
"""
