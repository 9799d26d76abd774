"""What planes agree on byte for byte, word for word: ids, time, errors, context, encoding, tokens, ledger.

For: every plane, the policies and the tools. Not for: helpers that one plane alone needs, and anything
with effects (those live in `accord.runtime`). Anybody may import it; it imports nothing of ours.
"""
