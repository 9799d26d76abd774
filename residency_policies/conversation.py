"""Conversations: where one may rest, and who may write and read there, given who is in it.

A conversation has authors, whose content rests where it is at home, and viewers, to whom that content is
shown. Of both it counts only of which party they are: how they stand to the workspace, and whose law protects
them. A thousand members of one party are one.

Invariants
    1. A ruling depends on the two sets of parties: not on the order or number of members.
    2. One more author or viewer never gives a conversation a further lawful home, nor a better outcome; one
       fewer never takes a home away.
    3. A party that is outside the vocabulary has no lawful home: every gathering with it is refused.

Not here: which members have which party, and what is done with a ruling (the cell).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final, Literal

from residency_policies.decision import Decision, make_decision
from residency_policies.places import ALL_COUNTRIES
from residency_policies.vocabulary import RELATION_INDEX

Outcome = Literal["here", "split", "read_only", "refused"]
# From best to worst.
OUTCOMES: Final[tuple[Outcome, ...]] = ("here", "split", "read_only", "refused")


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """Members who are the same to the policies.

    `relation`: of the vocabulary; `jurisdiction`: code of the place whose law protects them, which is also
    where they are taken to read.
    """

    relation: str
    jurisdiction: str

    @property
    def known(self) -> bool:
        """Whether both words are in the vocabulary; the unknown country is not."""
        return self.relation in RELATION_INDEX and self.jurisdiction in ALL_COUNTRIES

    def __str__(self) -> str:
        return f"{self.relation}:{self.jurisdiction}"

    @staticmethod
    def parse(text: str) -> "Party":
        """The inverse of `str`; a text of another form is a party that is not known."""
        relation, _, jurisdiction = text.partition(":")
        return Party(relation, jurisdiction)


@dataclass(frozen=True, slots=True)
class Gathering:
    """Whose content rests in a conversation, and who is shown it."""

    authors: frozenset[Party] = frozenset()
    viewers: frozenset[Party] = frozenset()

    def __or__(self, other: "Gathering") -> "Gathering":
        return Gathering(self.authors | other.authors, self.viewers | other.viewers)

    @property
    def strangers(self) -> list[Party]:
        """Those that are outside the vocabulary, in order."""
        return sorted(one for one in self.authors | self.viewers if not one.known)


Rests = Callable[[Party, str], Decision]
Shows = Callable[[Party, Party, str], Decision]


@dataclass(slots=True)
class Law:
    """What one bundle says of the content of one workspace; asked once for each point and remembered.

    Args:
        ask_rests: may what an author of the party writes rest in the region.
        ask_shows: may what an author of the first party writes, resting in the region, be shown to the other.
        regions: where a conversation could be at home.
    """

    ask_rests: Rests
    ask_shows: Shows
    regions: tuple[str, ...]
    _kept: dict[tuple[Party, Party | None, str], Decision] = field(default_factory=dict)

    def rests(self, author: Party, region: str) -> Decision:
        """See `ask_rests`. A party or region that is not known is denied without asking."""
        return self._decide(author, None, region)

    def shows(self, author: Party, viewer: Party, region: str) -> Decision:
        """See `ask_shows`. A party or region that is not known is denied without asking."""
        return self._decide(author, viewer, region)

    def _decide(self, author: Party, viewer: Party | None, region: str) -> Decision:
        key = author, viewer, region
        decision = self._kept.get(key)
        if decision is None:
            decision = self._kept[key] = self._asked(author, viewer, region)
        return decision

    def _asked(self, author: Party, viewer: Party | None, region: str) -> Decision:
        known = author.known and (viewer is None or viewer.known) and region in self.regions
        if not known:
            return make_decision("UNKNOWN_VALUE", 0, "")
        return self.ask_rests(author, region) if viewer is None else self.ask_shows(author, viewer, region)


def homes(law: Law, gathering: Gathering) -> frozenset[str]:
    """Regions in which the conversation may be at home: all content may rest there and be shown to all."""
    if gathering.strangers:
        return frozenset()
    return frozenset(region for region in law.regions if _fits(law, gathering.authors, gathering, region))


def _fits(law: Law, authors: Iterable[Party], gathering: Gathering, region: str) -> bool:
    return all(
        law.rests(author, region).allow
        and all(law.shows(author, viewer, region).allow for viewer in gathering.viewers)
        for author in authors
    )


@dataclass(frozen=True, slots=True)
class Homes:
    """A gathering and its lawful homes. They meet in any order and grouping."""

    gathering: Gathering
    regions: frozenset[str]

    @staticmethod
    def of(law: Law, gathering: Gathering) -> "Homes":
        """See `homes`."""
        return Homes(gathering, homes(law, gathering))

    def meet(self, other: "Homes", law: Law) -> "Homes":
        """Both gatherings in one conversation: homes of both in which each may be shown what the other
        wrote.
        """
        crossing = [
            *product(self.gathering.authors, other.gathering.viewers),
            *product(other.gathering.authors, self.gathering.viewers),
        ]
        regions = frozenset(
            region
            for region in self.regions & other.regions
            if all(law.shows(author, viewer, region).allow for author, viewer in crossing)
        )
        return Homes(self.gathering | other.gathering, regions)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a conversation in a region.

    Attributes:
        homes: every lawful home, sorted.
        silent: parties whose content may not rest here, and why; with `read_only` they read.
        barred: parties that may not be shown what others write here, and why.
        parts: for `split`, where the content of each author rests.
        refusal: for `read_only` and `refused`, the decision that speaks.
        nearest: the smallest change that would give a better outcome; empty when none is known.
    """

    outcome: Outcome
    homes: tuple[str, ...]
    silent: Mapping[Party, Decision] = field(default_factory=dict)
    barred: Mapping[Party, Decision] = field(default_factory=dict)
    parts: Mapping[Party, str] = field(default_factory=dict)
    refusal: Decision | None = None
    nearest: str = ""


def judge(law: Law, region: str, gathering: Gathering, *, split: bool = False) -> Ruling:
    """What becomes of a conversation that is at home in the region. Raises nothing.

    Here, if everything may rest here and be shown to everybody. Otherwise split by author, if whoever asks
    can keep the content of each author elsewhere (`split`). Otherwise those whose content may not rest here
    read and do not write. It is refused when somebody may not be shown what those write who may.
    """
    lawful = tuple(sorted(homes(law, gathering)))
    strangers = gathering.strangers
    if strangers or region not in law.regions:
        unknown = make_decision("UNKNOWN_VALUE", 0, "")
        return Ruling("refused", lawful, barred=dict.fromkeys(strangers, unknown), refusal=unknown)
    if region in lawful:
        return Ruling("here", lawful)
    parts = _parts(law, gathering)
    if split and parts is not None:
        return Ruling("split", lawful, parts=parts)
    silent = _denied({author: law.rests(author, region) for author in sorted(gathering.authors)})
    barred: dict[Party, Decision] = {}
    for author, viewer in product(sorted(gathering.authors - silent.keys()), sorted(gathering.viewers)):
        if not (shown := law.shows(author, viewer, region)).allow:
            barred.setdefault(viewer, shown)
    refusal = next(iter((barred or silent).values()))
    return Ruling(
        "refused" if barred else "read_only", lawful, silent, barred, refusal=refusal,
        nearest=_nearest(lawful, parts, refusal),
    )  # fmt: skip


def _denied(decisions: Mapping[Party, Decision]) -> dict[Party, Decision]:
    return {party: decision for party, decision in decisions.items() if not decision.allow}


def _parts(law: Law, gathering: Gathering) -> dict[Party, str] | None:
    """A region for the content of each author; None when somebody has none."""
    found: dict[Party, str] = {}
    for author in sorted(gathering.authors):
        where = (region for region in sorted(law.regions) if _fits(law, (author,), gathering, region))
        if (region := next(where, None)) is None:
            return None
        found[author] = region
    return found


def _nearest(lawful: tuple[str, ...], parts: Mapping[Party, str] | None, refusal: Decision) -> str:
    if lawful:
        return f"the conversation in {' or '.join(lawful)}"
    if parts is not None:
        return "split by author: " + ", ".join(f"{author} in {region}" for author, region in parts.items())
    return refusal.nearest
