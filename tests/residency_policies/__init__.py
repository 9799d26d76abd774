"""Tests of the residency policies: the loader, the meaning of rules, the table and the
shipped documents."""
