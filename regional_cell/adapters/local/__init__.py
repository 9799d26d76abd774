"""Embedded engines: keys, sealed files, the ledger and the search index in folders of the cell."""
