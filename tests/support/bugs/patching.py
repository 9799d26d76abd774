"""Replacing functions of the product by name."""

from collections.abc import Callable
from typing import Any


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put `make(what is there)` in the place of a function. Raises AttributeError when nothing is there."""
    setattr(owner, name, make(getattr(owner, name)))
