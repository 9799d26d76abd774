"""Markdown, as far as the generated pages need it."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def code(words: Iterable[str]) -> str:
    """Words as code, with blanks between them."""
    return " ".join(f"`{word}`" for word in words)
