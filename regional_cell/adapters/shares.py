"""Which shares of a batch pass, once a store has looked up what they depend on. The same for every store.

Invariants
    1. Of one resident a prefix passes, apart from duplicates: what follows a failed share carries numbers
       that its failure made wrong, so it is decided again.
    2. A duplicate is named wherever it stands, so that deciding again is needed once, not once for each.
"""

from collections.abc import Iterable, Mapping, Sequence

from regional_cell.domain.changes import Add, Change, Key, Patch, Put, Require, Row
from regional_cell.domain.state import patched
from regional_cell.ports.log import Append, Behind, Duplicate, Outcome, Unfit, Unmet, Written

Rows = dict[tuple[str, Key], Row | None]


def by_resident(shares: Sequence[Append]) -> dict[str, list[int]]:
    """Positions of each resident's shares in the batch, in order."""
    positions: dict[str, list[int]] = {}
    for position, share in enumerate(shares):
        positions.setdefault(share.resident, []).append(position)
    return positions


def required(shares: Iterable[Append]) -> set[tuple[str, Key]]:
    """The rows that conditions of these shares speak of."""
    return {(require.view, require.key) for share in shares for require in share.requires}


def sift(shares: Sequence[Append], found: Mapping[tuple[str, str], int], rows: Rows) -> list[Outcome]:
    """What becomes of one resident's shares if its fence lets them pass.

    Args:
        found: sequences of messages that stand already, by (author, client_msg_id).
        rows: the rows of `required`, as they stand before the batch; changed on the way.
    """
    outcomes: list[Outcome] = []
    seen: set[tuple[str, str]] = set()
    failed = False
    following = shares[0].events[0].sequence
    for share in shares:
        outcome = _outcome(share, following, found, rows, failed or share.client_msg_id in seen)
        outcomes.append(outcome)
        if isinstance(outcome, Written):
            following += len(share.events)
            if share.client_msg_id:
                seen.add(share.client_msg_id)
            if rows:
                _fold(rows, share.changes)
        else:
            failed = True
    return outcomes


def behind(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The same when the fence did not let the resident pass."""
    return [Behind()] * len(outcomes)


_WRITTEN = Written()
_CASCADED = Unmet()


def _outcome(
    share: Append, following: int, found: Mapping[tuple[str, str], int], rows: Rows, failed: bool
) -> Outcome:
    if share.client_msg_id is not None and (sequence := found.get(share.client_msg_id)) is not None:
        return Duplicate(sequence)
    if failed:
        return _CASCADED
    for offset, event in enumerate(share.events):
        if event.sequence != following + offset or event.resident != share.resident:
            return Unfit("sequence does not follow")
    for require in share.requires:
        if not _holds(require, rows[require.view, require.key]):
            return Unmet(require)
    return _WRITTEN


def _holds(require: Require, row: Row | None) -> bool:
    if not require.exists or row is None:
        return require.exists == (row is not None)
    return all(row.get(column) == value for column, value in (require.columns or {}).items())


def _fold(rows: Rows, changes: Iterable[Change]) -> None:
    for change in changes:
        place = (change.view, change.key)
        if place not in rows:
            continue
        row = rows[place]
        if isinstance(change, Put):
            rows[place] = dict(change.values)
        elif isinstance(change, Patch):
            rows[place] = row if row is None else patched(row, change.values)
        elif isinstance(change, Add):
            old = row or {}
            rows[place] = {**old, change.column: (old.get(change.column) or 0) + change.by}
        else:
            rows[place] = None
