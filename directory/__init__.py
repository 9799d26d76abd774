"""The directory: which cell is home of a resident, since when, under which policies.

For: placements and their epochs, admission of cells and edges, names as blind indexes, the route table that
edges and cells watch, and the signed policy bundle.
Not for: content or readable personal data of any kind, nor for deciding on messages.
May be imported by: nothing but itself; other planes meet it on the wire.
"""
