"""What the directory keeps of policies: bundles, officers, revisions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from directory.domain.bundles import Acknowledgement, SignedBundle
from directory.domain.halts import HaltRecord, SignedOrders
from directory.domain.officers import Officer, Session
from directory.domain.policies import Approval, Revision, RevisionState
from directory.domain.shadows import Shadow, ShadowAcknowledgement
from directory.domain.traffic import (
    BucketCount,
    ChangeCount,
    DayCount,
    TrafficCount,
    TrafficDifference,
    TrafficReport,
)
from directory.domain.unlawful import UnlawfulReport


class BundleReader(Protocol):
    """Bundles and who acknowledged which."""

    def active(self) -> SignedBundle | None:
        """The one with the highest version."""

    def active_version(self) -> int:
        """Its version, 0 without one."""

    def find(self, version: int) -> SignedBundle | None:
        """The bundle of this version, kept for ever; None: there was none."""

    def acknowledged(self) -> Mapping[str, int]:
        """Node to the version that it acknowledged last."""

    def acknowledgements(self) -> list[Acknowledgement]:
        """The last acknowledgement of each node, by name."""

    def first_acknowledged(self, version: int) -> list[Acknowledgement]:
        """Of each node the first acknowledgement of this version or a later one, by name; kept for ever."""

    def activated_s(self, version: int) -> int:
        """When the bundle of this version was stored, unix seconds; 0: there is none."""


class BundleWriter(BundleReader, Protocol):
    """As the reader, and changes."""

    def add(self, bundle: SignedBundle, activated_s: int) -> None:
        """Insert under a new version; a stored bundle is never replaced."""

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Replace the node's last acknowledgement; the first one of a version is kept beside it."""


class OfficerReader(Protocol):
    """Officers and their sessions."""

    def find(self, name: str) -> Officer | None:
        """The officer of this name in any state; None: never invited."""

    def everybody(self) -> list[Officer]:
        """All of them by name."""

    def session(self, digest: bytes) -> Session | None:
        """The session of the token with this SHA-256, also when its time is over."""

    def sessions_of(self, officer: str) -> list[Session]:
        """The officer's sessions, oldest first."""


class OfficerWriter(OfficerReader, Protocol):
    """As the reader, and changes."""

    def put(self, officer: Officer) -> None:
        """Insert or replace."""

    def open_session(self, session: Session) -> None:
        """Insert."""

    def close_session(self, digest: bytes) -> None:
        """Forget the session, if there is one."""

    def close_sessions_before(self, now_s: int) -> None:
        """Forget sessions whose time is over."""


class PolicyReader(Protocol):
    """Revisions of policies and their approvals, kept for ever."""

    def find(self, number: int) -> Revision | None:
        """The revision of this number; None: there was none."""

    def page(self, before: int, limit: int) -> list[Revision]:
        """Revisions with lower numbers, highest first; 0: from the newest on."""

    def of_document(self, document: str) -> list[Revision]:
        """All revisions of one document, oldest first."""

    def in_states(self, states: Collection[RevisionState]) -> list[Revision]:
        """All revisions that stand so, oldest first."""

    def approvals_of(self, number: int) -> list[Approval]:
        """Every approval of the revision, of lapsed analyses too, oldest first."""


class PolicyWriter(PolicyReader, Protocol):
    """As the reader, and changes."""

    def next_number(self) -> int:
        """The number of the next revision."""

    def put(self, revision: Revision) -> None:
        """Insert or replace."""

    def approve(self, approval: Approval) -> None:
        """Insert; the caller has proven that the officer did not sign this hash before."""


class HaltReader(Protocol):
    """Halts, kept for ever, and the newest orders."""

    def find(self, number: int) -> HaltRecord | None:
        """The halt of this number; None: there was none."""

    def everything(self) -> list[HaltRecord]:
        """All of them, oldest first."""

    def orders(self) -> SignedOrders | None:
        """The orders of the highest version."""


class HaltWriter(HaltReader, Protocol):
    """As the reader, and changes."""

    def next_number(self) -> int:
        """The number of the next halt."""

    def put(self, record: HaltRecord) -> None:
        """Insert or replace."""

    def put_orders(self, signed: SignedOrders) -> None:
        """Insert under a new version."""


class TrafficReader(Protocol):
    """What cells counted of their decisions."""

    def report_of(self, cell: str) -> TrafficReport | None:
        """Up to where the history of this cell is held; None: nothing is."""

    def reports(self) -> list[TrafficReport]:
        """Those of all cells, by name."""

    def days(self, since_s: int) -> list[DayCount]:
        """Sums of the buckets that began at this time or later, by cell, kind and day (UTC)."""

    def buckets(self, shadow: bytes) -> list[BucketCount]:
        """What was counted while cells evaluated this shadow, by cell, kind and bucket."""

    def changes(self, shadow: bytes) -> list[ChangeCount]:
        """What cells saw it decide otherwise, by cell, kind, bucket and class."""


class TrafficWriter(TrafficReader, Protocol):
    """As the reader, and changes."""

    def put(self, report: TrafficReport) -> None:
        """Insert or replace."""

    def keep(
        self,
        cell: str,
        kinds: Mapping[int, bytes],
        counts: Sequence[TrafficCount],
        differences: Sequence[TrafficDifference],
    ) -> None:
        """Insert or replace kinds, counts and differences."""

    def forget_before(self, cell: str, start_s: int) -> int:
        """Forget buckets that began before, and kinds of which none is left; gives how many kinds are."""

    def forget(self, cell: str) -> None:
        """Everything of this cell."""


class UnlawfulReader(Protocol):
    """What cells said of conversations that policies no longer allow."""

    def reports(self) -> list[UnlawfulReport]:
        """The last report of each cell that made one, by name."""


class UnlawfulWriter(UnlawfulReader, Protocol):
    """As the reader, and changes."""

    def put(self, report: UnlawfulReport) -> None:
        """Insert, or replace the cell's last report."""


class ShadowReader(Protocol):
    """Bundles that are or were evaluated beside the active one, kept for ever, and who does so."""

    def standing(self) -> tuple[int, bytes] | None:
        """Base version and hash of the one that cells are told of; None: there is none."""

    def find(self, digest: bytes) -> Shadow | None:
        """The shadow with this hash; None: there was none."""

    def of_revision(self, number: int) -> Shadow | None:
        """The newest one of this revision."""

    def acknowledgements(self, digest: bytes) -> list[ShadowAcknowledgement]:
        """Who acknowledged this shadow, by name."""


class ShadowWriter(ShadowReader, Protocol):
    """As the reader, and changes."""

    def put(self, shadow: Shadow) -> None:
        """Insert or replace."""

    def acknowledge(self, acknowledgement: ShadowAcknowledgement) -> None:
        """Insert or replace the node's word about that shadow."""
