"""What the directory does when asked: one service per feature, each transaction readable on one page.

Not for: wire forms, drivers or policies of transport. May be imported by `entrypoints` and `bootstrap`;
services never import one another.
"""
