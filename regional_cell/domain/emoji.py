"""Emoji: which names there are.

Names of reactions rest in the open, since the store counts by them. A closed table keeps words of people
out of that place.
"""

from regional_cell.domain.emoji_names import PLAIN, TONED

_TONE = "::skin-tone-"
_TONES = frozenset("23456")


def is_emoji(name: str) -> bool:
    """Whether the name, without colons, is one of a standard emoji; some may carry `::skin-tone-2` to `6`."""
    base, tone, number = name.partition(_TONE)
    if tone:
        return base in TONED and number in _TONES
    return base in TONED or base in PLAIN
