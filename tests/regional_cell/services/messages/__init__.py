"""Tests of services.messages."""
