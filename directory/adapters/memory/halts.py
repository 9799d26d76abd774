"""Halts and orders in memory."""

from directory.adapters.memory.state import State
from directory.domain.halts import HaltRecord, SignedOrders


class MemoryHalts:
    """`directory.ports.HaltWriter` over a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, number: int) -> HaltRecord | None:
        return self._state.halts.get(number)

    def everything(self) -> list[HaltRecord]:
        return [self._state.halts[number] for number in sorted(self._state.halts)]

    def orders(self) -> SignedOrders | None:
        return self._state.orders.get(max(self._state.orders, default=0))

    def next_number(self) -> int:
        return max(self._state.halts, default=0) + 1

    def put(self, record: HaltRecord) -> None:
        self._state.halts[record.number] = record

    def put_orders(self, signed: SignedOrders) -> None:
        assert signed.version not in self._state.orders
        self._state.orders[signed.version] = signed
