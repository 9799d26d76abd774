"""Orders: what is halted, and whose word it is."""

import pytest

from accord.errors import InvalidError
from accord.identity import KeyRing, RingKey, SigningKey
from accord.orders import PURPOSE, Halt, Orders, open_orders

KEY = SigningKey.generate()
RING = KeyRing([RingKey("directory", frozenset({"bundle"}), KEY.key_id, KEY.public, 0, 2**40)])
ORDERS = Orders(
    3,
    (
        Halt(1, "workspace", "T00000000000A", 100),
        Halt(2, "jurisdiction", "DE", 200),
        Halt(5, "instrument", "ins-scc-us", 200),
    ),
    frozenset({"us-iad", "fra"}),
)


def opened(data: bytes, purpose: str = PURPOSE, key: SigningKey = KEY) -> Orders:
    return open_orders(data, key.key_id, key.sign(purpose, data), RING)


def test_orders_come_back_as_they_were_signed() -> None:
    assert opened(ORDERS.to_bytes()) == ORDERS


def test_no_other_word_is_an_order() -> None:
    data = ORDERS.to_bytes()
    for wrong in (data[:-1], data + b" ", data.replace(b"DE", b"FR"), b"{}", b"[]", b""):
        with pytest.raises(InvalidError):
            open_orders(wrong, KEY.key_id, KEY.sign(PURPOSE, data), RING)
    with pytest.raises(InvalidError):
        opened(data, "bundle")
    with pytest.raises(InvalidError):
        opened(data, key=SigningKey.generate())


@pytest.mark.parametrize(
    "change",
    [
        (b'"workspace"', b'"everybody"'),
        (b'"until_s":100', b'"until_s":"100"'),
        (b'"until_s":100', b'"until_s":true'),
        (b'"version":3', b'"version":-1'),
        (b'["fra","us-iad"]', b'["fra",7]'),
        (b'["fra","us-iad"]', b'"fra"'),
        (b"orders/v1", b"orders/v2"),
    ],
)
def test_a_signed_order_of_another_shape_is_refused(change: tuple[bytes, bytes]) -> None:
    data = ORDERS.to_bytes()
    assert change[0] in data
    with pytest.raises(InvalidError):
        opened(data.replace(*change))


def test_a_halt_hits_its_scope_and_nothing_else_and_ends_by_itself() -> None:
    def hit(now_s: int, workspace: str = "T00000000000B", *places: str, instrument: str = "") -> int:
        found = ORDERS.halt_of(now_s, workspace=workspace, places=places, instrument=instrument)
        return 0 if found is None else found.id

    assert (hit(99, "T00000000000A"), hit(100, "T00000000000A")) == (1, 0)
    assert (hit(99, "T00000000000B", "DE", "US"), hit(99, "T00000000000B", "FR")) == (2, 0)
    assert (hit(199, instrument="ins-scc-us"), hit(199, instrument="ins-other")) == (5, 0)
    assert Orders().halt_of(0, workspace="T00000000000A", places=("DE",)) is None


def test_the_stage_differs_when_a_halt_ends_and_when_orders_are_new() -> None:
    stages = {ORDERS.stage(99), ORDERS.stage(100), ORDERS.stage(200), Orders(4, ORDERS.halts).stage(99)}
    assert len(stages) == 4
    assert ORDERS.stage(100) == ORDERS.stage(150)
