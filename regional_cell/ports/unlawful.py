"""The directory, as far as it hears of conversations that policies no longer allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Unlawful:
    """A conversation by its ids. `outcome`: `refused` or `read_only`; `bundle`: under which it became so."""

    workspace: str
    channel: str
    outcome: str
    rule: str
    bundle: int


class UnlawfulDoor(Protocol):
    """Hears all that a cell has to say; the last word counts."""

    async def report(self, bundle: int, refused: int, read_only: int, listed: Sequence[Unlawful]) -> None:
        """Tell it. Raises ColinkError: it may have heard or not."""
