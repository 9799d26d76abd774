"""Tests of the demo that need no process of a plane."""
