"""How a measurement was asked for."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmarks import product


@dataclass(frozen=True)
class Setting:
    """What every work is given.

    Attributes:
        seconds: length of one measured window.
        repeat: runs of each; figures are medians.
        edges: how many of the demo's edges take sockets.
        clients: sockets of the works that take any number.
        data_dir, ready: which demo; see `product.running`.
    """

    seconds: float
    repeat: int
    edges: int
    clients: int
    data_dir: Path | None
    ready: Path | None
    lines: list[str] = field(default_factory=list)

    @cached_property
    def demo(self) -> product.Product:
        """The running demo. Raises NothingToMeasureError."""
        return product.running(self.data_dir, self.ready)

    @property
    def apis(self) -> tuple[str, ...]:
        """The edges that take sockets."""
        return self.demo.apis[: self.edges]
