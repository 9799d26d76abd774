"""The checker of histories: silent about lawful ones, loud about every planted fault."""
