"""Bugs to plant: the checker of histories has to find each of them in a federation that runs with it.

`python -P -m tests.support.bugs BUG PLANE ARGUMENTS...` runs a plane as `python -P -m PLANE ARGUMENTS...`
does, with one bug patched into it before it starts. Nothing of this is shipped, and no plane knows of it:
each bug replaces functions of the product by name, and a process in which such a name is gone does not start.
"""
