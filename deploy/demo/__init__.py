"""The demo: a whole federation of real processes on one machine, and the companions that act on it.

For: seeing Colink work, driving it from scripts, measuring it. Not for: production (its authority is made
on the spot
and all cells share one machine). The modules named like verbs offer `main(arguments) -> exit status`.
"""
