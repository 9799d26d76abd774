"""Residency policies: the law and the customer's rules as data, and one pure decision function over them.

For: the vocabulary, the documents and their loader, the interpreter (the oracle of the tests), the compiled
table, the bundle and its hash. Pure: no clock, no randomness, no network, no files but the packs that it
ships.

Not for: approving, signing or distributing bundles, keeping a ledger, enforcing a decision.

May be imported by the domain, services and bootstrap rooms of every plane. Imports the pure part of `accord`
only.
"""
