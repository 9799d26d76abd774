"""Analyses: what rules of documents do and do not do, what a change means, and what it would have done.

For: findings about rules (dead, covered, contradicting, leaking), the meaning of a difference, the replay of
recorded decisions, what placements a change moves, and whether the cells can hold them. Pure: instants and
catalogues are given as plain values, the same input gives the same answer.

Not for: proofs (`residency_policies.prove`), the shape of documents (`residency_policies.document`).

May be imported by whoever may import `residency_policies`.
"""
