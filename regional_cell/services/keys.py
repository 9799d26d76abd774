"""The keys of this cell: which there are, and passing on what rests under old ones.

    signing keys    sign tokens and hand-overs; the directory tells everybody their public halves
    cell keys       wrap residents' data keys
    data keys       seal what residents have; each resident's log names its current one

Invariants
    1. Nothing of a key leaves: ids, public halves, states and counts do.
    2. Walks may be ended at any moment and begun again: each step is whole, and synced before the next.
    3. A resident's new data key is kept, synced, before its log names it.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from accord.errors import ColinkError, InvalidError
from accord.signing import KeyRing, RingKey, SigningKey, SigningKeys
from regional_cell.domain.decisions import Decided
from regional_cell.domain.errors import IntegrityError
from regional_cell.domain.events import Draft
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits
from regional_cell.ports.keys import (
    CellKeyring,
    DataKeySource,
    DataKeyStore,
    KeyStatus,
    Progress,
    SealingStatus,
    SigningStatus,
    WrappedKey,
)
from regional_cell.ports.log import Log

PAGE = 256
RESIDENTS_MAX = 1_000


class Keys:
    """What operators ask of the keys of a cell.

    Args:
        ring: the keys of all cells, as the directory spreads them; cell: the name of this one.
        count: is told how many data keys were `wrapped_again` or `drawn`.
    """

    def __init__(
        self,
        cell: str,
        signing: SigningKeys,
        ring: KeyRing,
        cell_keys: CellKeyring,
        store: DataKeyStore,
        source: DataKeySource,
        commits: Commits,
        log: Log,
        count: Callable[[str, int], None] = lambda outcome, number: None,
    ) -> None:
        self._cell, self._signing, self._ring = cell, signing, ring
        self._cell_keys, self._store, self._source = cell_keys, store, source
        self._commits, self._log, self._count = commits, log, count

    async def status(self) -> KeyStatus:
        """All keys. Looks at every data key."""
        counts, lost = dict.fromkeys(self._cell_keys.key_ids, 0), set[str]()
        async for page in self._pages():
            for one in page:
                try:
                    under = self._cell_keys.wrapped_under(*one)
                    counts[under] = counts.get(under, 0) + 1
                except IntegrityError:
                    lost.add(one.resident)
        wraps = self._cell_keys.key_ids[0]
        sealing = tuple(SealingStatus(key_id, key_id == wraps, count) for key_id, count in counts.items())
        return KeyStatus(self._signing_status(), sealing, tuple(sorted(lost)))

    async def wrap_again(self) -> AsyncIterator[Progress]:
        """Have every data key rest under the cell's key in use; what was done, page by page."""
        done, changed, failed = 0, 0, dict[str, str]()
        async for page in self._pages():
            fresh: list[tuple[WrappedKey, bytes]] = []
            for one in page:
                try:
                    wrapped = self._cell_keys.wrap_again(*one)
                except IntegrityError as error:
                    failed[one.resident] = error.reason.value
                    continue
                if wrapped is not None:
                    fresh.append((one, wrapped))
            exchanged = await self._store.exchange(fresh) if fresh else 0
            self._count("wrapped_again", exchanged)
            changed += exchanged
            done += len(page)
            yield Progress(done, changed, dict(failed))

    async def rotate_data_keys(self, residents: Sequence[str]) -> AsyncIterator[Progress]:
        """Give residents another data key, all of the cell when none is named: what they write from then on
        rests under it, and what rests under an older one can be read as before.

        Raises:
            InvalidError: more than 1,000 are named. UnknownResidentError: one is not here; nothing was done.
        """
        if len(residents) > RESIDENTS_MAX:
            raise InvalidError(field="residents", why="too many", items_max=RESIDENTS_MAX)
        for resident in residents:
            await self._commits.state(resident)
        names = residents or [record.resident for record in await self._log.residents()]
        changed, failed = 0, dict[str, str]()
        for done, resident in enumerate(names, 1):
            try:
                await self._rotate(resident)
                changed += 1
            except ColinkError as error:
                failed[resident] = error.reason.value
            if done % PAGE == 0 or done == len(names):
                yield Progress(done, changed, dict(failed))

    async def _rotate(self, resident: str) -> None:
        key_id, wrapped = self._source.draw(resident)
        await self._store.add(WrappedKey(resident, key_id, wrapped))  # INVARIANT: 3

        def decide(state: State, first_us: int) -> Decided:
            return Decided((Draft("KeyRotated", {"key": key_id}),))

        await self._commits.commit(resident, decide, principal="")
        self._source.forget(resident)
        self._count("drawn", 1)

    async def _pages(self) -> AsyncIterator[list[WrappedKey]]:
        after = ("", "")
        while page := await self._store.page(after, PAGE):
            yield page
            after = (page[-1].resident, page[-1].key_id)

    def _signing_status(self) -> tuple[SigningStatus, ...]:
        held = {key.key_id: key for key in self._signing.keys}
        ring_keys = self._ring.keys()
        ring = {key.key_id: key for key in ring_keys if key.cell == self._cell}
        signs = self._signs()
        return tuple(
            _signing(held.get(key_id), ring.get(key_id), key_id == signs) for key_id in {**held, **ring}
        )

    def _signs(self) -> str:
        try:
            return self._signing.current().key_id
        except ColinkError:
            return ""


def _signing(key: SigningKey | None, known: RingKey | None, signs: bool) -> SigningStatus:
    if known is None:
        assert key is not None
        return SigningStatus(key.key_id, key.public, True, signs, "", (), 0, 0)
    purposes = ("*",) if known.purposes == "*" else tuple(sorted(known.purposes))
    return SigningStatus(
        known.key_id, known.public, key is not None, signs, known.state, purposes,
        known.not_before_s, known.not_after_s,
    )  # fmt: skip
