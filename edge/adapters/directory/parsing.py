"""Wire forms of routes to the edge's own. What cannot be read is InvalidError, whoever signed it."""

from typing import cast

from google.protobuf.message import DecodeError

from accord.errors import InvalidError
from accord.ids import check_id
from accord.signing import KeyState, RingKey
from accord.wire.directory.v1 import directory_pb2 as wire
from edge.domain.routes import CellRoute, Delta, EdgeRoute, Placement, Tombstone

_CELL_STATES = {
    wire.CELL_STATE_ACTIVE: "active",
    wire.CELL_STATE_READ_ONLY: "read_only",
    wire.CELL_STATE_DRAINING: "draining",
    wire.CELL_STATE_RETIRED: "retired",
}
_KEY_STATES = {
    wire.KEY_STATE_ACTIVE: "active",
    wire.KEY_STATE_VERIFY_ONLY: "verify_only",
    wire.KEY_STATE_WITHDRAWN: "withdrawn",
}


def parse_delta(data: bytes) -> Delta:
    """RouteDelta bytes to a delta.

    Raises:
        InvalidError: not a RouteDelta, ids that are none, epoch 0, or states that this edge does not know.
    """
    try:
        delta = wire.RouteDelta.FromString(data)
        return Delta(
            delta.watch_version,
            delta.bundle_version,
            delta.full,
            tuple(parse_placement(entry) for entry in delta.placements),
            tuple(_cell(entry) for entry in delta.cells),
            tuple(EdgeRoute(e.name, e.jurisdiction, e.region, e.url, e.version) for e in delta.edges),
            tuple(_key(entry) for entry in delta.keys),
            tuple(
                Tombstone(check_id(e.resident, "T", "E", "P"), e.epoch, e.version) for e in delta.tombstones
            ),
        )
    except (DecodeError, KeyError):
        raise InvalidError(field="delta", why="not readable") from None


def parse_placement(entry: wire.Placement) -> Placement:
    """One placement. Raises InvalidError."""
    if entry.epoch < 1 or not entry.cell:
        raise InvalidError(field="placement", why="no epoch or no cell")
    return Placement(
        check_id(entry.resident, "T", "E", "P"),
        entry.cell,
        entry.epoch,
        entry.bundle_version,
        entry.version,
        entry.handover,
        entry.establishment,
        tuple(entry.subjects),
        tuple(entry.tags),
    )


def _cell(entry: wire.Cell) -> CellRoute:
    return CellRoute(
        entry.name,
        entry.jurisdiction,
        entry.region,
        tuple(entry.addresses),
        _CELL_STATES[entry.state],
        entry.version,
        entry.authority,
    )


def _key(entry: wire.Key) -> RingKey:
    purposes = "*" if "*" in entry.purposes else frozenset(entry.purposes)
    return RingKey(
        entry.cell,
        cast("frozenset[str]", purposes),
        entry.key_id,
        entry.public_key,
        entry.not_before_s,
        entry.not_after_s,
        cast(KeyState, _KEY_STATES[entry.state]),
    )
