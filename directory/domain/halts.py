"""Halts: one person stops crossing flows at once; a second one may keep them stopped.

Invariants
    1. A halt of one person is over after `ALONE_S`; with a second person's approval after `APPROVED_S`.
    2. Whoever halted does not approve the halt.
    3. The orders that planes get are made from halts and acknowledgements alone, under the next version
       whenever they say something else than before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from accord.errors import ConflictError, ForbiddenError, InvalidError, WrongStateError
from accord.ids import check_id
from accord.orders import HALTS_MAX, SCOPES, Halt, Orders, Scope
from accord.signing import SigningKey
from directory.domain.names import check_code, check_word

ALONE_S = 24 * 3600
APPROVED_S = 30 * 24 * 3600
REASON_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class HaltRecord:
    """A halt with who stands for it. `approver` is empty until a second person does; `lifted_s` 0 until
    then.
    """

    number: int
    scope: Scope
    value: str
    reason: str
    author: str
    halted_s: int
    until_s: int
    approver: str = ""
    lifted_s: int = 0

    def holds(self, now_s: int) -> bool:
        """Whether it forbids anything now."""
        return not self.lifted_s and now_s < self.until_s


@dataclass(frozen=True, slots=True)
class SignedOrders:
    """Orders as planes get them."""

    version: int
    orders: bytes
    key_id: str
    signature: bytes


def check_halt(scope: str, value: str, reason: str) -> Scope:
    """The scope, once all three are proven in form; raises InvalidError."""
    known = next((it for it in SCOPES if it == scope), None)
    if known is None:
        raise InvalidError(field="scope", why="|".join(SCOPES))
    if known == "workspace":
        check_id(value, "T", "E", "P")
    elif known == "jurisdiction":
        check_code(value, "value")
    else:
        check_word(value, "value")
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX or not reason.isprintable():
        raise InvalidError(field="reason", why=f"1 to {REASON_CHARACTERS_MAX} characters")
    return known


def approve(halt: HaltRecord, officer: str, now_s: int) -> HaltRecord:
    """The halt, kept by a second person.

    Raises:
        WrongStateError: it is over. ForbiddenError: `code` E-SOD. ConflictError: approved before.
    """
    if not halt.holds(now_s):
        raise WrongStateError(state="over")
    if officer == halt.author:
        raise ForbiddenError("A second person must approve.", code="E-SOD")
    if halt.approver:
        raise ConflictError(what="approval")
    return replace(halt, approver=officer, until_s=halt.halted_s + APPROVED_S)


def lift(halt: HaltRecord, now_s: int) -> HaltRecord:
    """The halt, over now; raises WrongStateError when it is already."""
    if not halt.holds(now_s):
        raise WrongStateError(state="over")
    return replace(halt, lifted_s=now_s)


def check_room(standing: Iterable[HaltRecord]) -> None:
    """Prove that one more halt has a place in the orders; raises ConflictError."""
    if len(list(standing)) >= HALTS_MAX:
        raise ConflictError(what="halts", items_max=HALTS_MAX)


def cut_off(
    nodes: Iterable[str],
    acknowledged: Mapping[str, int],
    active: int,
    active_since_s: int,
    now_s: int,
    limit_s: int,
) -> frozenset[str]:
    """Nodes that have not acknowledged the active bundle within the limit; one that never did counts as
    late.
    """
    if not active or now_s < active_since_s + limit_s:
        return frozenset()
    return frozenset(node for node in nodes if acknowledged.get(node, 0) < active)


def orders_of(halts: Iterable[HaltRecord], late: frozenset[str], version: int, now_s: int) -> Orders:
    """What planes are told."""
    standing = sorted((it for it in halts if it.holds(now_s)), key=lambda it: it.number)
    told = tuple(Halt(it.number, it.scope, it.value, it.until_s) for it in standing)
    return Orders(version, told, late)


def sign_orders(orders: Orders, key: SigningKey) -> SignedOrders:
    """The orders with the directory's signature."""
    data = orders.to_bytes()
    return SignedOrders(orders.version, data, key.key_id, key.sign("orders", data))
