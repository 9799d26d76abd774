"""One cell: the complete chat stack of one region under one jurisdiction, with its own stores and keys.

For: everything that a resident's home must do. Not for: finding homes (directory) or ending client
connections (edge).
Imported by its own rooms only; other planes meet it on the wire.
"""
