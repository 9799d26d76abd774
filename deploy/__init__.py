"""The `colink` command: makes an environment, runs the demo federation, the tests and the companions.

For: people at a terminal, scripts and continuous integration, on one machine.
Not for: rules of placements or residency (the planes own those); deploy meets the planes as processes,
on their command lines and on the wire, and imports none of them.
May be imported by: nobody but the tests.
"""
