"""Crossings: what the policies say, the books, the one door out, and the cells beyond it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from regional_cell.domain.search_exchange import Ask, Part
from regional_cell.domain.transfers import Entry, Header, Place, References
from residency_policies.bundle import CompiledBundle
from residency_policies.decision import Decision, Question
from residency_policies.points import Flow, Point


class Policies(Protocol):
    """The active bundle and the one before it while a roll-out runs. Does not wait."""

    def bundle(self) -> CompiledBundle | None:
        """The active bundle; None before the first: then only the safe core is allowed."""

    def decide(
        self, question: Question, establishment: str, subjects: Sequence[str], tags: Sequence[str]
    ) -> Decision:
        """Evaluate under the profile of the workspace; NO_TABLE without a bundle, HALTED where the
        directory's orders halt what crosses.
        """

    @property
    def stage(self) -> object:
        """Differs whenever decisions may: another bundle, another instant of its validity, other orders."""

    def cut_off(self, node: str) -> bool:
        """Whether the directory has cut this cell or edge off from crossings."""


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What selects the policies of a workspace: jurisdiction codes and tags asserted at its placement."""

    establishment: str
    subjects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Ledger(Protocol):
    """This cell's book of crossings: an append-only Merkle log with signed checkpoints."""

    async def append(self, entries: Sequence[Entry]) -> int:
        """Write, extend the tree and sync; gives the sequence of the first. Raises LedgerUnavailableError,
        and then nothing of `entries` is in the book."""

    @property
    def broken(self) -> str:
        """Why nothing can be appended, as far as is known now; empty while all is well."""

    async def checkpoint(self) -> str:
        """The newest signed note over the whole book."""


class Passage(Protocol):
    """One opened crossing. Adapters that reach outside of the cell send what `items` gives, and nothing
    else.
    """

    @property
    def header(self) -> Header:
        """What both books say of it."""

    @property
    def destination(self) -> Place:
        """Where it leads."""

    @property
    def items(self) -> tuple[tuple[str, str, bytes], ...]:
        """(class, item id, payload) of what may leave now, in order. Raises InternalError before it is
        booked.
        """

    def put(self, item_id: str, data_class: str, payload: bytes) -> None:
        """Add one item. ForbiddenError for a class that was not asked for."""

    async def book(self) -> Header:
        """Append the debit. LedgerUnavailableError, and then nothing may leave."""

    async def abort(self, why: str) -> None:
        """Book that what was announced did not leave, or is not known to have arrived."""


class Egress(Protocol):
    """The only door out of the cell, and the books of what comes in."""

    @property
    def here(self) -> Place:
        """This cell."""

    def require_reachable(self, node: str) -> None:
        """Prove that neither this cell nor the other end is cut off from crossings; raises
        BundleSkewError.
        """

    def check(self, point: Point, flow: Flow, facts: PolicyFacts) -> Decision:
        """Evaluate at a point under the bundle in force here. Opens nothing."""

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
        """Decide for every class of the point and book the intent. WithheldError, LedgerUnavailableError."""

    async def note(
        self, point: Point, flow: Flow, decision: Decision, *, destination: Place, references: References
    ) -> None:
        """Book one showing inside of the cell that owes an entry: one line, no second book.
        LedgerUnavailableError.
        """

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
        """Credit what came, before it is used. ForbiddenError, BundleSkewError, WithheldError,
        LedgerUnavailableError.
        """


class PeerCells(Protocol):
    """The ways to other cells. What is sent is what the passage holds, to where it leads."""

    def search(self, passage: Passage, ask: Ask) -> AsyncIterator[Part]:
        """Put a search to the passage's destination: its parts as they come, the first one empty once it is
        accepted.

        Raises while it is read: the peer's own error; HomeUnreachableError when nothing left;
        OutcomeUnknownError.
        """
