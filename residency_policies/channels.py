"""The profile of a workspace with policies for single channels.

A question names its channel with `ref`. One that names a channel with policies is decided under its layers,
one that names something else without them. One that names nothing may be about any channel: it is decided
under the layers of all of them, so that a caller who forgets the channel is never allowed more.
"""

from collections.abc import Callable

from residency_policies.decide import Bound, Profile
from residency_policies.decision import Decision, Question
from residency_policies.vocabulary import Code


class ChannelProfile:
    """A profile for each channel that has policies, one for all of them together, and one for the others.

    Args:
        of_channel: makes the profile of a channel, once it is asked for.
        channels: those that have policies.
    """

    def __init__(
        self,
        everywhere: Profile,
        elsewhere: Profile,
        of_channel: Callable[[str], Profile],
        channels: frozenset[str],
    ) -> None:
        self._everywhere, self._elsewhere, self._of_channel = everywhere, elsewhere, of_channel
        self._channels = channels
        self._made: dict[str, Profile] = {}

    @property
    def hash(self) -> str:
        """Of the table for questions that name no channel."""
        return self._everywhere.hash

    @property
    def boundary_s(self) -> int | None:
        """See `Profile`: the first of all."""
        made = (self._everywhere, self._elsewhere, *self._made.values())
        return min((one.boundary_s for one in made if one.boundary_s is not None), default=None)

    def at(self, ref: object) -> Profile:
        """The profile for a `ref`. Raises nothing."""
        if not isinstance(ref, str) or not ref:
            return self._everywhere
        if ref not in self._channels:
            return self._elsewhere
        if ref not in self._made:
            self._made[ref] = self._of_channel(ref)
        return self._made[ref]

    def decide(self, question: Question) -> Decision:
        """The decision of a question. Raises nothing."""
        return self.at(getattr(question, "ref", "")).decide(question)

    def bind(self, op: str, data_class: str, src: str, ref: str = "") -> Bound:
        """See `Profile.bind`."""
        return self.at(ref).bind(op, data_class, src)

    def refuse(self, code: Code) -> Decision:
        """See `Profile.refuse`."""
        return self._everywhere.refuse(code)
