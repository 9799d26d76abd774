"""Tests of the benchmarks: that their figures can be believed."""
