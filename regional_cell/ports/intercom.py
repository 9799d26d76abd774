"""What the processes of one cell tell each other and keep nowhere."""

from collections.abc import Callable
from typing import Protocol


class Intercom(Protocol):
    """Words to the other processes of the cell, at most once each. What is lost is lost: whoever tells
    something that must arrive tells it again.
    """

    @property
    def alone(self) -> bool:
        """Whether there is nobody to tell, as far as is known."""

    def tell(self, subject: str, body: bytes) -> None:
        """Tell the others, not oneself. Does not wait and never fails."""

    def listen(self, subject: str, hear: Callable[[bytes], None]) -> None:
        """Call `hear(body)` on the event loop for every word of the others on this subject."""
