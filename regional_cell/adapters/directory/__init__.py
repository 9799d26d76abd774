"""The directory as this cell sees it: routes and keys by watch, policies by bundle, writes through one door.

Imported by bootstrap alone.
"""
