"""Every relative link of a document, and every line of CODEOWNERS, leads to a file of the project."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.architecture.sources import ROOT, tracked

LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)[^)]*\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def broken(document: str, text: str, files: Iterable[str]) -> Iterator[str]:
    """The relative links of a document that lead to no file and no folder."""
    known = {str(place) for file in files for place in (PurePosixPath(file), *PurePosixPath(file).parents)}
    for target in LINK.findall(FENCED.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        parts: list[str] = []
        for part in (PurePosixPath(document).parent / target).parts:
            parts = parts[:-1] if part == ".." else [*parts, part]
        if "/".join(parts) not in known:
            yield f"{document}: {target}"


def test_every_link_leads_somewhere() -> None:
    files = [file.as_posix() for file in tracked()]
    documents = [file for file in files if file.endswith(".md")]
    assert documents
    assert not [
        fault
        for file in documents
        for fault in broken(file, (ROOT / file).read_text(encoding="utf-8"), files)
    ]


def test_a_link_to_nowhere_is_found() -> None:
    files = ["docs/a.md", "docs/b.md", "README.md"]
    assert (
        list(broken("docs/a.md", "[b](b.md) [top](../README.md#x) [net](https://example.org)", files)) == []
    )
    assert list(broken("docs/a.md", "[c](c.md)", files)) == ["docs/a.md: c.md"]


def ownerless(owners: str, files: Iterable[str]) -> Iterator[str]:
    """Patterns of CODEOWNERS that match nothing, and lines without an owner."""
    known = list(files)
    for line in owners.splitlines():
        pattern, *names = line.split() if line and not line.startswith("#") else ("*", "@nobody")
        place = pattern.removeprefix("/")
        found = place == "*" or any(
            file == place or (place.endswith("/") and file.startswith(place)) for file in known
        )
        if not found or not names or not all(name.startswith("@") for name in names):
            yield line


def test_every_owner_owns_something() -> None:
    owners = (ROOT / "CODEOWNERS").read_text(encoding="utf-8")
    assert not list(ownerless(owners, [file.as_posix() for file in tracked()]))


def test_an_owner_of_nothing_is_found() -> None:
    owners = "# who\n* @a\n/edge/ @b\n/edges/ @b\n/edge/ports.py\n"
    assert list(ownerless(owners, ["edge/ports.py"])) == ["/edges/ @b", "/edge/ports.py"]
