"""Documents that are shipped: law facts, floor packs and the default policies of the built-in cells.

For: `residency_policies.builtin` and `residency_policies.places`, which read them as package data. `making`
makes the packs from `jurisdictions.yaml` and `clauses.yaml`.
Not for: what packs mean. The documents are engineering material and no legal advice.
"""
