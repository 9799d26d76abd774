"""The door for edges: one batched stream per edge with calls, sockets and events; file bytes on streams of
their own.

Not for: what methods do (entrypoints/web_api and services). Imported by bootstrap alone.
"""
