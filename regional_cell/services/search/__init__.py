"""Searching: one workspace (`local`), asking other cells (`asking`) and answering them (`answering`).

Imported by entrypoints and bootstrap. Not here: the index and its tail (services/indexing.py).
"""
