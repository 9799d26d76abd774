"""Tests of the directory; the tree mirrors the plane."""
