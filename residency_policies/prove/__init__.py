"""Proofs: what data can reach under a policy, as a certificate that others check, or as a path that shows it.

For: the graph of what a compiled table allows, its closure, certificates, counterexamples, and the claims
that officers write. Pure: instants are given, the same input gives the same bytes.

Not for: checking certificates (`residency_policies.check_certificate`, which imports nothing of this
package), findings about rules (`residency_policies.analyse`).

May be imported by whoever may import `residency_policies`.
"""
