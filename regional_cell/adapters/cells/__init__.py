"""Ways to other cells over gRPC and mutual TLS.

Imported by bootstrap. Whatever leaves here is taken from a booked passage (services/egress.py); a test lists
every function that sends.
"""
