"""Orders of the directory to all planes: flows that are halted, and nodes that are cut off. Signed, numbered.

    signature = Ed25519(bundle key, purpose `orders`, bytes); bytes = canonical JSON
    {"schema": "orders/v1", "version", "halts": [{"id", "scope", "value", "until_s"}], "cut_off": [names]}

Invariants
    1. Orders only ever refuse: without any, and with older ones, nothing more is allowed by them.
    2. A halt ends by itself at its second, wherever it is known, also with the directory away.
    3. A node keeps the orders of the highest version that it has proven, over restarts too.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from accord.encoding import canonical_json, parse_canonical
from accord.errors import InvalidError
from accord.signing import KeyRing, verify_signature

PURPOSE: Final = "orders"
SCHEMA: Final = "orders/v1"
ORDERS_BYTES_MAX: Final = 1024 * 1024
HALTS_MAX: Final = 1_000
Scope = Literal["workspace", "jurisdiction", "instrument"]
SCOPES: Final[tuple[Scope, ...]] = ("workspace", "jurisdiction", "instrument")


@dataclass(frozen=True, slots=True)
class Halt:
    """Every crossing flow of a workspace, of a jurisdiction, or that rests on an instrument, until a second
    (exclusive).
    """

    id: int
    scope: Scope
    value: str
    until_s: int


@dataclass(frozen=True, slots=True)
class Orders:
    """What the directory orders now. `cut_off`: cells and edges that did not acknowledge in time."""

    version: int = 0
    halts: tuple[Halt, ...] = ()
    cut_off: frozenset[str] = frozenset()

    def to_bytes(self) -> bytes:
        """The canonical bytes, which are signed."""
        halts = [
            {"id": it.id, "scope": it.scope, "until_s": it.until_s, "value": it.value} for it in self.halts
        ]
        shape = {"cut_off": sorted(self.cut_off), "halts": halts, "schema": SCHEMA, "version": self.version}
        return canonical_json(shape)

    def halt_of(
        self, now_s: int, *, workspace: str, places: Collection[str], instrument: str = ""
    ) -> Halt | None:
        """The halt that forbids a crossing flow, if there is one.

        Args:
            places: countries that it leaves and enters, and where the workspace is established.
            instrument: that its permission rests on.
        """
        for halt in self.halts:
            if now_s >= halt.until_s:
                continue
            if halt.scope == "workspace":
                hit = halt.value == workspace
            elif halt.scope == "jurisdiction":
                hit = halt.value in places
            else:
                hit = bool(instrument) and halt.value == instrument
            if hit:
                return halt
        return None

    def stage(self, now_s: int) -> tuple[int, int]:
        """Differs whenever what the orders forbid does: their version, and how many halts are over."""
        return self.version, sum(1 for halt in self.halts if now_s >= halt.until_s)


def open_orders(data: bytes, key_id: str, signature: bytes, signers: KeyRing) -> Orders:
    """Prove signed orders.

    Raises:
        InvalidError: another signer, another shape, or not canonical.
    """
    key = signers.find(key_id)
    if key is None or not verify_signature(key.public, PURPOSE, data, signature):
        raise InvalidError(field="orders", why="signature")
    value = parse_canonical(data, ORDERS_BYTES_MAX)
    if not isinstance(value, dict) or set(value) != {"cut_off", "halts", "schema", "version"}:
        raise InvalidError(field="orders", why="shape")
    version, halts, names = value["version"], value["halts"], value["cut_off"]
    if value["schema"] != SCHEMA or not _is_number(version) or not isinstance(halts, list):
        raise InvalidError(field="orders", why="shape")
    if not isinstance(names, list) or not all(isinstance(it, str) for it in names) or len(halts) > HALTS_MAX:
        raise InvalidError(field="orders", why="shape")
    orders = Orders(version, tuple(map(_halt, halts)), frozenset(names))
    if orders.to_bytes() != data:
        raise InvalidError(field="orders", why="not canonical")
    return orders


def _halt(value: object) -> Halt:
    if not isinstance(value, dict) or set(value) != {"id", "scope", "until_s", "value"}:
        raise InvalidError(field="orders", why="halt")
    scope = next((it for it in SCOPES if it == value["scope"]), None)
    if scope is None or not _is_number(value["id"]) or not _is_number(value["until_s"]):
        raise InvalidError(field="orders", why="halt")
    if not isinstance(value["value"], str):
        raise InvalidError(field="orders", why="halt")
    return Halt(value["id"], scope, value["value"], value["until_s"])


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
