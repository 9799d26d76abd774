"""Which process of a cell serves a resident: rendezvous hashing, so that a lost process moves only its
own.
"""

import hashlib
from collections.abc import Iterable


def ranked(resident: str, addresses: Iterable[str]) -> list[str]:
    """Addresses from best to worst for this resident; the same for every edge, whatever the order given."""

    def weight(address: str) -> bytes:
        return hashlib.blake2b(f"{resident}\0{address}".encode(), digest_size=8).digest()

    return sorted(set(addresses), key=lambda address: (weight(address), address), reverse=True)
