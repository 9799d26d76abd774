"""The public chat API of a cell: decoding, the order of checks, method table, answers, rate limits.

Not for: proving tokens (services/tokens), what methods do (services), how things look (domain/objects).
Imported by the gateway and by bootstrap only.
"""
