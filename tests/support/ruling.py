"""Policies that allow everything but what a test denies."""

from collections.abc import Callable, Sequence
from typing import Any

from residency_policies.decision import Decision, Question, make_decision

Denies = Callable[[Question], bool]


class Ruling:
    """Keeps the promises of `ports.Policies` of a cell, and stands for its own bundle; `changes` is another
    bundle in force.
    """

    def __init__(self, denies: Denies = lambda question: False) -> None:
        self.version, self._denies = 1, denies
        self._bundle: Any = _Version(1)
        self.asked: list[Question] = []

    def bundle(self) -> Any:
        """What is in force."""
        return self._bundle

    @property
    def stage(self) -> object:
        """Differs with what is in force."""
        return self._bundle

    def cut_off(self, node: str) -> bool:
        """Nobody is."""
        return False

    def changes(self, denies: Denies) -> None:
        """From now on this is denied, under a bundle of its own."""
        self._denies, self._bundle = denies, _Version(self._bundle.version)

    def decide(self, question: Question, *_: Sequence[str] | str) -> Decision:
        """The decision of a question."""
        self.asked.append(question)
        return decided(question, allow=not self._denies(question))


class _Version:
    def __init__(self, version: int) -> None:
        self.version = version


def decided(question: Question, *, allow: bool) -> Decision:
    """A decision as an engine makes it."""
    return make_decision("OK" if allow else "HALTED", question.bundle, "test")


def act(op: str) -> Denies:
    """Denies one operation."""
    return lambda question: question.op == op


def about(data_class: str) -> Denies:
    """Denies one class."""
    return lambda question: question.data_class == data_class
