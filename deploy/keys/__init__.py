"""`colink keys`: showing and exchanging the keys of a cell, as its operator."""
