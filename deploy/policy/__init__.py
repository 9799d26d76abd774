"""`colink policy`: check, compare, explain and prove residency policies, offline, from files."""
