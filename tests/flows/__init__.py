"""Tests of promises against a running federation of real processes."""
