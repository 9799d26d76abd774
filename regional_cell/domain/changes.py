"""Row changes: the language in which `apply` says what an event does to the views.

A change names a view, a key and columns; it never reads. So one list of changes serves the SQL store, the
memory store
and the state that commands are decided against.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

Key = tuple[Any, ...]
Row = dict[str, Any]


class Put(msgspec.Struct, frozen=True, gc=False):
    """Write the whole row at `key`, whether or not one is there. `values` hold the columns outside the
    key.
    """

    view: str
    key: Key
    values: Mapping[str, Any]


class Patch(msgspec.Struct, frozen=True, gc=False):
    """Set some columns of the row at `key`; nothing happens where no row is.

    Of a `content` column the named members are set and the others stay, so a change of one member needs no
    reading.
    """

    view: str
    key: Key
    values: Mapping[str, Any]


class Add(msgspec.Struct, frozen=True, gc=False):
    """Add `by` to an integer column of the row at `key`; a missing row starts from zero with no other
    columns.
    """

    view: str
    key: Key
    column: str
    by: int


class Remove(msgspec.Struct, frozen=True, gc=False):
    """Drop the row at `key`, if there is one."""

    view: str
    key: Key


Change = Put | Patch | Add | Remove


class Require(msgspec.Struct, frozen=True, gc=False):
    """A condition that the store checks inside the write transaction, before the events of one command are
    written.

    `columns` empty: the row at `key` must exist when `exists`, must not when not. Else the named columns
    must also be
    equal. It guards what is too large to be kept in `State`; when it fails, the command is decided again.
    """

    view: str
    key: Key
    exists: bool = True
    columns: Mapping[str, Any] | None = None
