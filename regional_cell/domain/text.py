"""Message text: mrkdwn source as it is stored, with control characters escaped and addresses wrapped.

Invariants
    1. `prepare(prepare(text)) == prepare(text)`: posting what was returned yields the same text.
    2. `&`, `<` and `>` stand in the result only as entities or as parts of a valid `<...>` token.
    3. Every function is linear in the length of the text.
"""

import re
from collections.abc import Callable

CHARS_MAX = 40_000
MARKDOWN_CHARS_MAX = 12_000

_PIECE = re.compile(
    r"(?P<entity>&(?:amp|lt|gt);)"
    r"|<(?P<token>[^<>]*)>"
    r"|(?P<control>[&<>])"
    r"|(?<![A-Za-z0-9_])(?P<url>https?://(?:(?!&[lg]t;)[^\s<>|])+)"
    r"|(?<![\w&;>])(?P<name>[#@][\w-]+(?:\.[\w-]+)*)"
)
_TOKEN = re.compile(
    r"@(?:[UW][A-Z0-9]{2,}|USLACKBOT)(?:\|[^<>]*)?"
    r"|#[CDG][A-Z0-9]{2,}(?:\|[^<>]*)?"
    r"|!subteam\^S[A-Z0-9]{2,}(?:\|[^<>]*)?"
    r"|!(?:here|channel|everyone)(?:\|[^<>]*)?"
    r"|!date\^\d{1,12}\^[^^|<>]+(?:\^[^|<>\s]+)?(?:\|[^<>]*)?"
    r"|(?:https?://|mailto:|tel:)[^|<>\s]+(?:\|[^<>]*)?"
)
_ENTITY = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TRAILING = ".,!?;:'\"*_~`)]}"
_BROADCASTS = frozenset({"@here", "@channel", "@everyone"})

# Finds the token for `#name` or `@handle`; None: no such channel or user.
Linker = Callable[[str], str | None]


def prepare(text: str, link: Linker | None = None) -> str:
    """The text to store: escaped, addresses wrapped, and with `link` also names turned into tokens."""
    if _is_plain(text, link is not None):
        return text

    def replace(match: re.Match[str]) -> str:
        kind, found = match.lastgroup, match[0]
        if kind == "token":
            return found if _TOKEN.fullmatch(match["token"]) else f"&lt;{prepare(match['token'], link)}&gt;"
        if kind == "control":
            return _ENTITY[found]
        if kind == "url":
            return _wrap(found)
        if kind == "name" and link is not None:
            return f"<!{found[1:]}>" if found in _BROADCASTS else link(found) or found
        return found

    return _PIECE.sub(replace, text)


def _is_plain(text: str, with_names: bool) -> bool:
    """Whether nothing in the text could need a change: true of most, and told ten times faster than by the
    pattern.
    """
    if "&" in text or "<" in text or ">" in text or "://" in text:
        return False
    return not (with_names and ("#" in text or "@" in text))


def truncate(text: str, chars_max: int = CHARS_MAX) -> str:
    """At most so many characters, never cut inside a token or an entity."""
    if len(text) <= chars_max:
        return text
    kept = text[:chars_max]
    token, entity = kept.rfind("<"), kept.rfind("&")
    if token > kept.rfind(">"):
        return kept[:token]
    if entity > kept.rfind(";") and chars_max - entity < 5:
        return kept[:entity]
    return kept


def plain(text: str) -> str:
    """The characters that people see, without escapes: for fallbacks and permalinks' previews."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


_MARKDOWN = (
    (re.compile(r"^#{1,6} +([^\n]+)$", re.MULTILINE), r"**\1**"),
    (re.compile(r"\[([^\[\]\n<>|]{1,500})\]\((https?://[^\s()<>|]{1,2000})\)"), r"<\2|\1>"),
    (re.compile(r"(?<![*\w])\*(?=[^\s*])([^*\n]{1,2000})\*(?!\*)"), r"_\1_"),
    (re.compile(r"\*\*(?=\S)([^*\n]{1,2000})\*\*"), r"*\1*"),
    (re.compile(r"~~(?=\S)([^~\n]{1,2000})~~"), r"~\1~"),
    (re.compile(r"^( {0,12})[-*+] ", re.MULTILINE), "\\1\u2022 "),
)


def from_markdown(text: str) -> str:
    """mrkdwn of standard Markdown: headings, links, bold, italic, struck text and lists; the rest stays."""
    for pattern, replacement in _MARKDOWN:
        text = pattern.sub(replacement, text)
    return text


def _wrap(found: str) -> str:
    end = len(found)
    opened = found.count("(")
    while found[end - 1] in _TRAILING and not (found[end - 1] == ";" and found.endswith("&amp;", 0, end)):
        if found[end - 1] == ")" and opened and found.count(")", 0, end) <= opened:
            break
        end -= 1
    address, rest = found[:end], found[end:]
    if address.rstrip("/").endswith(":") or address in ("http", "https"):
        return _escape(found)
    return f"<{_escape(address)}>{_escape(rest)}"


def _escape(text: str) -> str:
    return re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", text)
