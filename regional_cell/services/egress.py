"""Egress: the only door out of a cell.

The cell that holds the data decides, books, and only then sends. Whatever reaches another place takes a
`Passage`; adapters that reach outside have no sending function without one.

Invariants
    1. No decision at a point, no passage; no booked passage, no bytes. An unsure answer of the policies is a
       refusal.
    2. What a passage sends was put into it before it was booked, and is of a class of its point.
    3. Both ends book: the source before it sends, the destination before it uses what came.
    4. When the ledger cannot append, the crossing stops (LedgerUnavailableError); local chat does not come
       here.

Not here: which cells to ask (services/search.py), the bytes of the books (accord.ledger,
adapters/local/ledger.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from accord.clock import Clock
from accord.errors import BundleSkewError, ForbiddenError, InternalError
from accord.ledger import payload_root
from regional_cell.domain.enforcement import COUNTED
from regional_cell.domain.transfers import (
    ABORTED,
    CREDIT,
    DEBIT,
    INTENT,
    RESULT,
    SINGLE,
    Entry,
    Header,
    Place,
    References,
    entry,
    withheld,
)
from regional_cell.ports.crossings import Ledger, Policies, PolicyFacts
from regional_cell.ports.traffic import Count, uncounted
from residency_policies.decision import Decision, Viewer
from residency_policies.points import Decided, Flow, Point, untold

SALT_BYTES = 32
# Bundles of the two ends may be this far apart while a new one is rolled out.
SKEW_MAX = 1


class Passage:
    """One opened crossing: put items, book, send, close. Made by `Egress.open` alone."""

    def __init__(
        self,
        egress: "Egress",
        header: Header,
        viewer: Viewer,
        decision: Decision,
        destination: Place,
        references: References,
    ) -> None:
        self.header = header
        self.viewer = viewer
        self.decision = decision
        self.destination = destination
        self.references = references
        self.booked = False
        self._egress = egress
        self._items: list[tuple[str, str, bytes]] = []

    def put(self, item_id: str, data_class: str, payload: bytes) -> None:
        """Add one item, to be counted and committed to.

        Raises: ForbiddenError for a class that was not asked for; InternalError once booked.
        """
        if self.booked:
            raise InternalError(state="booked")
        if data_class not in self.header.classes:
            raise ForbiddenError(needed=data_class)
        self._items.append((data_class, item_id, payload))

    @property
    def items(self) -> tuple[tuple[str, str, bytes], ...]:
        """(class, item id, payload) of what may leave now, in order. Raises InternalError before it is
        booked.
        """
        if not self.booked:
            raise InternalError(state="not booked")
        return tuple(self._items)

    async def book(self) -> Header:
        """Append the debit with counts and commitment; afterwards the header and the items may leave.

        Raises: LedgerUnavailableError, and then nothing may leave.
        """
        if self.booked:
            raise InternalError(state="booked")
        self.header = replace(
            self.header,
            items=len(self._items),
            size_bytes=sum(len(payload) for _, _, payload in self._items),
            payload_root=payload_root(self.header.salt, self._items),
        )
        await self._egress.append(self.entry(DEBIT, RESULT))
        self.booked = True
        return self.header

    async def abort(self, why: str) -> None:
        """Book that what was announced did not leave, or is not known to have arrived."""
        await self._egress.append(self.entry(DEBIT, ABORTED, why))

    def entry(self, side: str, phase: str, why: str = "") -> Entry:
        """This passage as an entry of this cell's book."""
        return entry(
            self.header,
            side=side,
            phase=phase,
            at_us=self._egress.now_us(),
            source=self._egress.here,
            destination=self.destination,
            viewer=self.viewer,
            decision=self.decision,
            references=self.references,
            why=why,
        )


class Egress:
    """Opens passages out of this cell and credits what arrives in it.

    Args:
        decided: told of every decision.
        counted: told of every flow that is asked about here first.
    """

    def __init__(
        self,
        here: Place,
        policies: Policies,
        ledger: Ledger,
        clock: Clock,
        new_uuid: Callable[[], str],
        random: Callable[[int], bytes],
        decided: Decided = untold,
        counted: Count = uncounted,
    ) -> None:
        self.here = here
        self._policies = policies
        self._ledger = ledger
        self._clock = clock
        self._new_uuid = new_uuid
        self._random = random
        self._decided, self._counted = decided, counted

    def now_us(self) -> int:
        """Wall time for entries, unix microseconds."""
        return self._clock.now_us()

    async def append(self, *entries: Entry) -> None:
        """Book and sync. Raises LedgerUnavailableError."""
        await self._ledger.append(entries)

    def check(self, point: Point, flow: Flow, facts: PolicyFacts) -> Decision:
        """Evaluate without opening anything, as `open` would, under the bundle in force here. The caller may
        show why; it may not send.
        """
        if point in COUNTED:
            self._counted(point, flow, facts, 1)
        bundle = self._policies.bundle()
        decision = point.ask(
            lambda asked: self._policies.decide(asked, facts.establishment, facts.subjects, facts.tags),
            flow,
            bundle.version if bundle else 0,
        )
        self._decided(point.name, decision.code)
        return decision

    async def open(
        self,
        point: Point,
        flow: Flow,
        facts: PolicyFacts,
        *,
        destination: Place,
        leg: str,
        references: References,
        transfer: tuple[str, bytes] | None = None,
    ) -> Passage:
        """Decide for every class of the point and append the intent.

        Args:
            facts: of the workspace whose data would leave.
            transfer: (id, salt) of the transfer that this leg belongs to; None begins a new one.

        Raises: WithheldError with the rule of the first class refused; BundleSkewError when either end is cut
            off; LedgerUnavailableError.
        """
        self.require_reachable(destination.name)
        decision = self._require(point, flow, facts)
        transfer_id, salt = transfer or (self._new_uuid(), self._random(SALT_BYTES))
        header = Header(
            transfer_id, leg, point.op, point.classes, 0, 0, bytes(32), salt, point.purpose, decision.bundle
        )
        passage = Passage(self, header, flow.viewer, decision, destination, references)
        await self.append(passage.entry(DEBIT, INTENT))
        return passage

    def require_reachable(self, node: str) -> None:
        """Prove that neither this cell nor the other end is cut off from crossings; raises
        BundleSkewError.
        """
        for name in (self.here.name, node):
            if self._policies.cut_off(name):
                raise BundleSkewError(cut_off=name, retry_after_ms=1_000)

    def _require(self, point: Point, flow: Flow, facts: PolicyFacts) -> Decision:
        decision = self.check(point, flow, facts)
        if not decision.allow:
            raise withheld(decision)
        return decision

    async def note(
        self, point: Point, flow: Flow, decision: Decision, *, destination: Place, references: References
    ) -> None:
        """Book one showing inside of the cell that owes an entry: one line, no second book.

        Raises: LedgerUnavailableError.
        """
        header = Header(
            self._new_uuid(), "local", point.op, point.classes, 0, 0,
            bytes(32), bytes(SALT_BYTES), point.purpose, decision.bundle,
        )  # fmt: skip
        await self.append(
            entry(
                header,
                side=SINGLE,
                phase=RESULT,
                at_us=self.now_us(),
                source=self.here,
                destination=destination,
                viewer=flow.viewer,
                decision=decision,
                references=references,
            )
        )

    async def receive(
        self,
        point: Point,
        header: Header,
        items: Sequence[tuple[str, str, bytes]],
        flow: Flow,
        facts: PolicyFacts,
        *,
        source: Place,
        references: References,
    ) -> Decision:
        """Credit what came, before it is used.

        Args:
            point: where what the source had to ask is asked again, under this cell's own policies.
            header: as the source says it; checked against the point and the items.

        Raises: ForbiddenError when header and items differ or a class was not announced; BundleSkewError;
            WithheldError when this cell's own policies refuse; LedgerUnavailableError.
        """
        self.require_reachable(source.name)
        if (header.op, header.purpose) != (point.op, point.purpose):
            raise ForbiddenError(needed="op", transfer=header.transfer_id)
        if not set(header.classes) <= set(point.classes):
            raise ForbiddenError(needed="class", transfer=header.transfer_id)
        size_bytes = sum(len(payload) for _, _, payload in items)
        if (len(items), size_bytes) != (header.items, header.size_bytes):
            raise ForbiddenError(needed="header", transfer=header.transfer_id)
        if payload_root(header.salt, items) != header.payload_root:
            raise ForbiddenError(needed="payload_root", transfer=header.transfer_id)
        if any(data_class not in header.classes for data_class, _, _ in items):
            raise ForbiddenError(needed="class", transfer=header.transfer_id)
        decision = self._require(point, flow, facts)
        if abs(decision.bundle - header.bundle_version) > SKEW_MAX:
            raise BundleSkewError(ours=decision.bundle, theirs=header.bundle_version)
        await self.append(
            entry(
                header,
                side=CREDIT,
                phase=RESULT,
                at_us=self.now_us(),
                source=source,
                destination=self.here,
                viewer=flow.viewer,
                decision=decision,
                references=references,
            )
        )
        return decision
