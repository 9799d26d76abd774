"""Lookup keys: from a name to its blind indexes, under every key that this cell holds for the attribute."""

import json
from pathlib import Path

from accord.encoding import unb64url
from accord.errors import InvalidError
from accord.identity import blind_index

KEY_BYTES_MIN = 32


class LookupKeys:
    """The keys of this cell's jurisdiction. Their bytes never appear in `repr`."""

    def __init__(self, keys: dict[str, list[tuple[str, bytes]]]) -> None:
        self._keys = keys

    def of(self, attribute: str, value: str) -> list[tuple[str, str, bytes]]:
        """(attribute, key id, index) under every key; none for a value that cannot be such a name."""
        try:
            return self.claims(attribute, value)
        except InvalidError:
            return []

    def claims(self, attribute: str, value: str) -> list[tuple[str, str, bytes]]:
        """As `of`; InvalidError for a value that cannot be such a name, or an attribute without a key."""
        keys = self._keys.get(attribute)
        if not keys:
            raise InvalidError(field="attribute", why="no lookup key")
        return [(attribute, key_id, blind_index(key, attribute, value)) for key_id, key in keys]

    def __repr__(self) -> str:
        return f"LookupKeys({sorted(self._keys)})"


def read_lookup_keys(file: Path, jurisdiction: str, faults: list[str]) -> LookupKeys:
    """A JSON list of {"attribute", "jurisdiction", "key_id", "key" (base64url)}; those of `jurisdiction`
    are taken.
    """
    keys: dict[str, list[tuple[str, bytes]]] = {}
    try:
        for row in json.loads(file.read_bytes()):
            if row["jurisdiction"] == jurisdiction:
                keys.setdefault(row["attribute"], []).append((row["key_id"], unb64url(row["key"])))
    except OSError as error:
        faults.append(f"{file}: {error.strerror or 'not readable'}")
    except (ValueError, KeyError, TypeError, RecursionError, InvalidError):
        faults.append(f"{file}: not a list of lookup keys")
    else:
        if {"email", "slug"} - keys.keys():
            faults.append(f"{file}: no key for email or slug in {jurisdiction}")
        if any(len(key) < KEY_BYTES_MIN for rows in keys.values() for _, key in rows):
            faults.append(f"{file}: a key of fewer than {KEY_BYTES_MIN} bytes")
    return LookupKeys(keys)
