"""Matching: whether a text holds a term, how well, and where. The one meaning of search in a cell.

The index narrows down, this decides: what an index offers is held against the text as it stands, so an index
that lags behind or is gone changes how long a search takes, never what it finds.

    fold     compatibility form without accents, case folded
    words    runs of letters, digits and their marks, but of scripts that write no blanks between words:
    unspaced those scripts; a term with a letter of theirs is found as a part of the text

Invariants
    1. Scores depend on the text, the terms and the age of the message alone: nothing of other messages is in
       them, and scores of two cells can be compared.
    2. A highlight stands outside of `<...>` tokens and entities, and adds nothing but the two marks.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence

from regional_cell.domain.search_query import Term
from regional_cell.domain.text import plain

HIT_BEGIN, HIT_END = "\ue000", "\ue001"
TEXT_CHARACTERS_MAX = 60_000
_DAY_US = 86_400 * 1_000_000
_ACCENTS = re.compile("[\u0300-\u036f]")
_ASCII_WORD = re.compile("[a-z0-9]+")
_MARKUP = re.compile(r"(<[^<>]*>|&(?:amp|lt|gt);)")
# Thai, Lao, Burmese, Khmer, kana, Han and its extensions, Hangul.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_BETWEEN, _WORD, _UNSPACED_LETTER = range(3)
_SHOWN = frozenset({"text", "title", "fallback", "pretext", "value", "author_name", "footer"})


def fold(text: str) -> str:
    """Text as it is compared."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", bare).casefold()


def words(folded: str) -> list[str]:
    """The words of a folded text, in order."""
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    return "".join(letter if _kind(letter) == _WORD else " " for letter in folded).split()


def is_unspaced(text: str) -> bool:
    """Whether some of it is written without blanks between words."""
    return not text.isascii() and _UNSPACED.search(text) is not None


def searchable(text: str, blocks: str = "", attachments: str = "") -> str:
    """The words of a message for people: its text, and what blocks and attachments (JSON text) show."""
    parts = [plain(text)]
    for source in (blocks, attachments):
        if source:
            parts += [plain(part) for part in _shown(json.loads(source)) if part not in text]
    return "\n".join(parts)[:TEXT_CHARACTERS_MAX]


class Found:
    """A text prepared for matching."""

    __slots__ = ("_folded", "_words")

    def __init__(self, text: str) -> None:
        self._folded = fold(text)
        self._words: list[str] | None = None

    def count(self, term: Term) -> int:
        """How often the term is in the text; a term without any word is in none."""
        if is_unspaced(term.text):
            return self._folded.count(fold(term.text))
        wanted = words(fold(term.text))
        if not wanted:
            return 0
        if self._words is None:
            self._words = words(self._folded)
        mine, length = self._words, len(wanted)
        *first, last = wanted
        return sum(
            mine[start : start + length - 1] == first
            and (
                mine[start + length - 1].startswith(last)
                if term.kind == "prefix"
                else mine[start + length - 1] == last
            )
            for start in range(len(mine) - length + 1)
        )

    def holds(self, terms: Iterable[Term]) -> bool:
        """Whether every term holds: is in the text, or is not when negated."""
        return all((self.count(term) == 0) is term.negated for term in terms)

    def score(self, terms: Sequence[Term], age_us: int) -> float:
        """From 0 to 1: how much the text is about the terms, half of it how fresh it is."""
        wanted = [term for term in terms if not term.negated]
        counts = [self.count(term) for term in wanted]
        about = sum(count / (count + 1.2) for count in counts) / len(wanted) if wanted else 1.0
        fresh = 1.0 / (1.0 + max(0, age_us) / (30 * _DAY_US))
        return round(about * (0.5 + 0.5 * fresh), 6)


def highlight(text: str, terms: Iterable[Term]) -> str:
    """The text with hits between U+E000 and U+E001."""
    wanted = [term for term in terms if not term.negated]
    plain_words = {(word, term.kind == "prefix") for term in wanted for word in words(fold(term.text))}
    parts = [re.escape(term.text) for term in wanted if is_unspaced(term.text)]
    literal = re.compile("|".join(parts), re.IGNORECASE) if parts else None
    pieces = _MARKUP.split(text)
    return "".join(
        piece if place % 2 else _marked(piece, plain_words, literal) for place, piece in enumerate(pieces)
    )


def _marked(piece: str, wanted: set[tuple[str, bool]], literal: re.Pattern[str] | None) -> str:
    if literal is not None and literal.search(piece):
        return literal.sub(lambda hit: f"{HIT_BEGIN}{hit[0]}{HIT_END}", piece)
    marked, start = [], 0
    while start < len(piece):
        end, kind = start + 1, _kind(piece[start])
        while end < len(piece) and _kind(piece[end]) == kind:
            end += 1
        run = piece[start:end]
        hit = kind == _WORD and _is_hit(fold(run), wanted)
        marked.append(f"{HIT_BEGIN}{run}{HIT_END}" if hit else run)
        start = end
    return "".join(marked)


def _is_hit(word: str, wanted: set[tuple[str, bool]]) -> bool:
    return any(word == text or (prefix and word.startswith(text)) for text, prefix in wanted)


def _kind(letter: str) -> int:
    if is_unspaced(letter):
        return _UNSPACED_LETTER
    return _WORD if letter.isalnum() or unicodedata.category(letter)[0] == "M" else _BETWEEN


def _shown(value: object, depth: int = 0) -> Iterable[str]:
    if depth > 20:
        return
    if isinstance(value, list):
        for item in value:
            yield from _shown(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str):
                if name in _SHOWN:
                    yield item
            else:
                yield from _shown(item, depth + 1)
