"""Cells and edges: who belongs to the federation, where it stands, and with which keys it signs.

Invariants
    1. Names are unique over cells and edges together; what a name stands for (jurisdiction, region, operator,
       authority) never changes by a second admission.
    2. A key id belongs to one cell for ever; key states go active -> verify_only -> withdrawn, never back.
    3. Only an active cell takes new residents; a retired one has none and never comes back.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from accord.errors import ConflictError, InvalidError, WrongStateError
from accord.identity import RingKey, key_id_of
from accord.signing import KEY_STATES
from directory.domain.names import (
    NAMES_RESERVED,
    check_addresses,
    check_code,
    check_name,
    check_url,
    check_word,
)

KEYS_MAX = 64
AUTHORITY_BYTES_MAX = 16_384


class CellState(StrEnum):
    """What a cell may do: take residents, only keep them, only lose them, nothing."""

    ACTIVE = "active"
    READ_ONLY = "read_only"
    DRAINING = "draining"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Cell:
    """An admitted cell. `authority`: PEM certificate of its own authority; `addresses`: `host:port`."""

    name: str
    jurisdiction: str
    region: str
    addresses: tuple[str, ...]
    state: CellState
    operator: str
    authority: bytes
    version: int


@dataclass(frozen=True, slots=True)
class Edge:
    """An admitted edge; `url` is where clients reach it."""

    name: str
    jurisdiction: str
    region: str
    url: str
    version: int


@dataclass(frozen=True, slots=True)
class AdmittedKey:
    """A public key in the ring that nodes watch, with the version of its last change."""

    key: RingKey
    version: int


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes a cell may still take, and bytes its residents take in sum."""

    free_bytes: int
    held_bytes: int


@dataclass(frozen=True, slots=True)
class CellReport:
    """What a cell last said of itself. `announced_s`: unix seconds by the directory's clock; `room`: None
    when it did not say.
    """

    cell: str
    software: str
    state: str
    bundle_version: int
    checkpoint: str
    announced_s: int
    room: Room | None = None


def check_cell(cell: Cell) -> Cell:
    """The same cell, proven in form; raises InvalidError."""
    _check_node_name(cell.name)
    check_code(cell.jurisdiction, "jurisdiction")
    check_name(cell.region, "region")
    check_word(cell.operator, "operator")
    if not 0 < len(cell.authority) <= AUTHORITY_BYTES_MAX:
        raise InvalidError(field="authority", why="one PEM certificate")
    return replace(cell, addresses=check_addresses(cell.addresses))


def check_edge(edge: Edge) -> Edge:
    """The same edge, proven in form; raises InvalidError."""
    _check_node_name(edge.name)
    check_code(edge.jurisdiction, "jurisdiction")
    check_name(edge.region, "region")
    check_url(edge.url, "url")
    return edge


def check_keys(cell: str, keys: tuple[RingKey, ...]) -> tuple[RingKey, ...]:
    """The same keys, proven to be public Ed25519 keys of this cell; at least one, 64 at most.

    Raises:
        InvalidError
    """
    if not 0 < len(keys) <= KEYS_MAX or len({key.key_id for key in keys}) != len(keys):
        raise InvalidError(field="keys", why="1 to 64, each once")
    for key in keys:
        if key.cell != cell or len(key.public) != 32 or key.key_id != key_id_of(key.public):
            raise InvalidError(field="keys", why="not a key of this cell")
        if not key.purposes or not key.not_before_s < key.not_after_s or key.state not in KEY_STATES:
            raise InvalidError(field="keys", why="purposes, times or state")
        if key.purposes != "*":
            for purpose in key.purposes:
                check_word(purpose, "keys")
    return keys


def admit_cell(existing: Cell | None, asked: Cell) -> Cell | None:
    """The cell to be stored, or None when nothing changes: only addresses may be given anew.

    Raises:
        ConflictError: the name stands for something else.
        WrongStateError: the cell is retired.
    """
    if existing is None:
        return replace(asked, state=CellState.ACTIVE)
    if _identity(existing) != _identity(asked):
        raise ConflictError(what="cell", cell=existing.name)
    if existing.state is CellState.RETIRED:
        raise WrongStateError(state=existing.state.value)
    if existing.addresses == asked.addresses:
        return None
    return replace(existing, addresses=asked.addresses)


def admit_edge(existing: Edge | None, asked: Edge) -> Edge | None:
    """The edge to be stored, or None when nothing changes: only the address may be given anew."""
    if existing is None:
        return asked
    if (existing.jurisdiction, existing.region) != (asked.jurisdiction, asked.region):
        raise ConflictError(what="edge", edge=existing.name)
    return None if existing.url == asked.url else replace(existing, url=asked.url)


def admit_key(existing: RingKey | None, asked: RingKey) -> RingKey | None:
    """The key to be stored, or None when nothing changes: only its state may go forward.

    Raises:
        ConflictError: the key id is another cell's, has other purposes or times, or would come back.
    """
    if existing is None:
        return asked
    if replace(existing, state=asked.state) != asked:
        raise ConflictError(what="key", key_id=asked.key_id)
    if KEY_STATES.index(asked.state) < KEY_STATES.index(existing.state):
        raise ConflictError(what="key", key_id=asked.key_id)
    return None if existing.state == asked.state else asked


def retire(cell: Cell, residents: int) -> Cell:
    """The retired cell.

    Raises:
        WrongStateError: it still takes residents, or still has some.
    """
    if cell.state is CellState.ACTIVE:
        raise WrongStateError(state=cell.state.value, needed="draining")
    if residents:
        raise WrongStateError(state=cell.state.value, residents=residents)
    return replace(cell, state=CellState.RETIRED)


def drain(cell: Cell) -> Cell:
    """The draining cell; raises WrongStateError when it is retired."""
    if cell.state is CellState.RETIRED:
        raise WrongStateError(state=cell.state.value)
    return replace(cell, state=CellState.DRAINING)


def _identity(cell: Cell) -> tuple[object, ...]:
    return cell.name, cell.jurisdiction, cell.region, cell.operator, cell.authority


def _check_node_name(name: str) -> None:
    check_name(name, "name")
    if name in NAMES_RESERVED:
        raise InvalidError(field="name", why="reserved")
