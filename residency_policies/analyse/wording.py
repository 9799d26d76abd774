"""Sets of values in the words of documents: blocs and groups where they fit, "anywhere but" where shorter."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from residency_policies import places
from residency_policies.vocabulary import CLASS_GROUPS, CLASSES, GROUP_ALIASES, UNKNOWN_COUNTRY, leaves_of

_NAMES_MAX: Final = 12
_LACKING_MAX: Final = 4


def regions_text(countries: Iterable[str]) -> str:
    """Countries of regions, which are always known."""
    return _places(frozenset(countries) | {UNKNOWN_COUNTRY})


def places_text(countries: Iterable[str]) -> str:
    """Countries of viewers, with blocs for those that are in them as a whole, or but for a few."""
    return _places(frozenset(countries))


@lru_cache(maxsize=4_096)
def _places(countries: frozenset[str]) -> str:
    known = countries - {UNKNOWN_COUNTRY}
    rest = places.ALL_COUNTRIES - known
    unknown = UNKNOWN_COUNTRY in countries
    inside, outside = _shortest(known), _shortest(rest)
    if len(outside) < len(inside):
        left_out = [*outside, *(() if unknown else ("unknown places",))]
        return f"anywhere but {_listed(left_out)}" if left_out else "anywhere"
    # Where every place is named, an unknown one is worth a word only if it stands alone.
    return _listed(inside) if inside else "unknown places"


def _listed(names: list[str]) -> str:
    if len(names) <= _NAMES_MAX:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMES_MAX - 2])} and {len(names) - _NAMES_MAX + 2} more"


def _shortest(countries: frozenset[str]) -> list[str]:
    """Names of blocs and countries that together are the set; larger blocs first.

    A country holds its parts; a part is named where it stands without its country.
    """
    left, named = {one for one in countries if one[:2] == one or one[:2] not in countries}, []
    for name, members in sorted(places.blocs().items(), key=lambda one: (-len(one[1]), one[0])):
        members = frozenset(one for one in members if one[:2] == one)
        lacking = members - left
        if len(members) > 1 and len(lacking) <= min(_LACKING_MAX, len(members) // 3):
            named.append(f"{name} without {' and '.join(sorted(lacking))}" if lacking else name)
            left -= members
    return [*named, *sorted(left)]


def classes_text(leaves: Iterable[str]) -> str:
    """Classes, with groups for those that are in them as a whole."""
    left, named = set(leaves), []
    for word in ("all", *(alias for alias in GROUP_ALIASES if alias != "all"), *CLASS_GROUPS):
        members = leaves_of(word)
        if len(members) > 1 and members <= left:
            named.append(word)
            left -= members
    return ", ".join([*named, *(leaf for leaf in CLASSES if leaf in left)])


def words_text(words: Sequence[str], every: Sequence[str]) -> str:
    """Words of a short list, empty when it is all of them."""
    return "" if set(words) == set(every) else ", ".join(words)
