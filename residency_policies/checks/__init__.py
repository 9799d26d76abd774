"""Checks of documents against each other, against packs and against the calendar: findings, never decisions.

For: whoever is about to put documents into force. What a check finds with an E- code stops that; planes that
run a bundle go on with it and read the findings as warnings.

Not for: faults of one document by itself (`document`), reachability and dead rules (`analyse`).
"""
