"""Tests of `directory/entrypoints/grpc`."""
