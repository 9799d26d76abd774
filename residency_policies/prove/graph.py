"""What a compiled table lets move, as bit masks over classes of equal regions and countries.

A move is there when the table allows it for some viewer, purpose and assignment of facts. That is more than
what happens, so what cannot be reached here cannot be reached at all.

A node is a data class in the platform's custody at a *spot*: regions that the table treats alike, as source
and as destination. Human and authority custody are ends; their places are countries.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from residency_policies.claims import Claim
from residency_policies.compile import DIMENSIONS, Answer, Guard, Table
from residency_policies.derivations import ENDS_IN, carriers
from residency_policies.vocabulary import RELATIONS

_SYSTEM: Final = RELATIONS.index("system")


class Moves:
    """Moves of a table; with a claim only those that it speaks of, under its assumptions."""

    def __init__(self, table: Table, claim: Claim | None = None) -> None:
        self.table, self.claim = table, claim
        self.classes = table.values[DIMENSIONS.index("class")]
        self.regions = table.values[DIMENSIONS.index("dst")]
        self.countries = table.values[DIMENSIONS.index("country")]
        # Per dimension: which place in the table each value has, counted in strides.
        self.sizes = [len(set(column[1:])) for column in table.offsets]
        self.at = [_ranks(column[1:]) for column in table.offsets]
        self._row = {leaf: rank * self.sizes[2] for leaf, rank in zip(self.classes, self.at[1], strict=True)}
        self._flags = bytes(any(True for _ in self.allowed(entry)) for entry in table.answers)
        # Most closures meet in the same sets of spots: each is looked at once.
        self._arrived: dict[tuple[str, int], int] = {}
        self._shown_at: dict[tuple[str, int], tuple[tuple[int, int], tuple[int, int]]] = {}
        self._spots()
        self._moves()

    def allowed(self, entry: Answer | Guard) -> Iterator[tuple[Answer, tuple[str, ...]]]:
        """Allows of an entry that count, each with the facts that must be stated for it."""
        facts, answers = (entry.facts, entry.answers) if isinstance(entry, Guard) else ((), (entry,))
        for bits, answer in enumerate(answers):
            decision = answer.decision
            if decision.allow and (
                self.claim is None or self.claim.concerns(decision.instrument, facts, bits)
            ):
                yield answer, tuple(fact for place, fact in enumerate(facts) if bits >> place & 1)

    def _spots(self) -> None:
        src, dst = self.at[DIMENSIONS.index("src")], self.at[DIMENSIONS.index("dst")]
        kinds: dict[tuple[int, int], int] = {}
        self.spot_of = [kinds.setdefault(kind, len(kinds)) for kind in zip(src, dst, strict=True)]
        self.spots = list(kinds)
        # Which spots a rank of destinations stands for.
        self.arrive = [0] * self.sizes[DIMENSIONS.index("dst")]
        for number, (_, rank) in enumerate(self.spots):
            self.arrive[rank] |= 1 << number

    def _moves(self) -> None:
        """Fill `platform`, `human`, `authority`: by ranks of class and source, what one step reaches.

        `platform` is a mask of spots; the others are pairs, a mask of spots (where it is shown) and one of
        ranks of countries (where the viewer is).
        """
        cells = self.table.cells
        # Few blocks of the table differ: what a block shows is read once, and blocks are told apart as bytes.
        raw, size = cells.tobytes(), cells.itemsize
        ops, classes, sources = self.sizes[:3]
        block = len(cells) // (ops * classes * sources)
        width = classes * sources
        self.platform = [0] * width
        self.human = [(0, 0)] * width
        self.authority = [(0, 0)] * width
        seen: dict[bytes, tuple[int, int]] = {}
        ends = self._ends()
        for op in range(ops):
            for place in range(width):
                start = (op * width + place) * block
                part = raw[start * size : (start + block) * size]
                if part not in seen:
                    entries = cells[start : start + block]
                    seen[part] = self._shown(bytes(map(self._flags.__getitem__, entries)))
                spots, countries = seen[part]
                if not spots:
                    continue
                if "platform" in ends[op]:
                    self.platform[place] |= spots
                for custody, found in (("human", self.human), ("authority", self.authority)):
                    if custody in ends[op]:
                        found[place] = (found[place][0] | spots, found[place][1] | countries)

    def _ends(self) -> list[set[str]]:
        ends: list[set[str]] = [set() for _ in range(self.sizes[0])]
        for op, rank in zip(self.table.values[0], self.at[0], strict=True):
            ends[rank].update(ENDS_IN[op])
        return ends

    def _shown(self, part: bytes) -> tuple[int, int]:
        """Spots and ranks of countries of one block: relation by purpose by destination by country."""
        relations, purposes, dsts, countries = self.sizes[3:]
        size = dsts * countries
        human = everybody = 0
        system = self.at[3][_SYSTEM]
        alone = self.at[3].count(system) == 1
        for number in range(relations * purposes):
            mask = int.from_bytes(part[number * size : (number + 1) * size], "big")
            everybody |= mask
            if not (alone and number // purposes == system):
                human |= mask
        spots = where = 0
        rows, shown = everybody.to_bytes(size, "big"), human.to_bytes(size, "big")
        for dst in range(dsts):
            if 1 in rows[dst * countries : (dst + 1) * countries]:
                spots |= self.arrive[dst]
            for country in range(countries):
                if shown[dst * countries + country]:
                    where |= 1 << country
        return spots, where

    def arrived(self, leaf: str, spots: int) -> int:
        """Spots that one step of a class, or of a copy that holds it, leads to from some of the spots."""
        found = self._arrived.get((leaf, spots))
        if found is None:
            found, forms = 0, (leaf, *carriers(leaf))
            for spot in bits(spots):
                for form in forms:
                    found |= self.platform[self.place(form, spot)]
            self._arrived[leaf, spots] = found
        return found

    def shown(self, leaf: str, spots: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """What is shown of a class at the spots, to people and to authorities: see `human`."""
        found = self._shown_at.get((leaf, spots))
        if found is None:
            places = [self.place(leaf, spot) for spot in bits(spots)]
            found = _union(self.human, places), _union(self.authority, places)
            self._shown_at[leaf, spots] = found
        return found

    def place(self, leaf: str, spot: int) -> int:
        """Index into `platform`, `human` and `authority`."""
        return self._row[leaf] + self.spots[spot][0]


def _union(pairs: list[tuple[int, int]], places: list[int]) -> tuple[int, int]:
    where = viewers = 0
    for place in places:
        where, viewers = where | pairs[place][0], viewers | pairs[place][1]
    return where, viewers


def _ranks(column: Iterable[int]) -> list[int]:
    values = list(column)
    order = {value: rank for rank, value in enumerate(sorted(set(values)))}
    return [order[value] for value in values]


def bits(mask: int) -> Iterator[int]:
    """Places of the ones of a mask, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
