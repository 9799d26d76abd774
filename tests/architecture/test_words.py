"""What no file of the project holds: registries' hosts, look-alikes of secrets, paths of one machine.

The words are put together from parts, so that this file does not hold them either.
"""

import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import ROOT, tracked

HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "repo1." + "maven",
    "crates" + ".io",
)
FORBIDDEN = {
    "the host of a package registry": re.compile("|".join(re.escape(host) for host in HOSTS)),
    "a path of one machine": re.compile(r"(?<![\w.~$}\"'-])/(?:home/\w|root/|Users/\w|work/|opt/\w)"),
    "a look-alike of a token": re.compile(
        r"xox[a-z]-\d{8,}|xapp-\d-[A-Z0-9]{8,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}"
    ),
    "an incoming webhook that could be real": re.compile("hooks." + r"slack\.com/services/T"),
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE" + r" KEY-----\s+[A-Za-z0-9+/]{20}"),
    "an open end without an owner": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b(?!\()"),
}


def faults(path: str, text: str) -> Iterator[str]:
    """Each forbidden thing in a text, with its line; never with the thing itself."""
    for what, pattern in FORBIDDEN.items():
        for match in pattern.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {what}"


def test_no_file_holds_a_forbidden_word() -> None:
    found: list[str] = []
    for name in tracked():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data[:8192]:
            found += faults(name.as_posix(), data.decode("utf-8"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "see files.python" + "hosted.org",
        "cd /ho" + "me/anna/colink",
        "xox" + "b-123456789012-abc",
        "AKIA" + "A" * 16,
        "https://hooks." + "slack.com/services/T000/B000/x",
        "-----BEGIN PRIVATE" + " KEY-----\n" + "A" * 40,
        "# TO" + "DO later",
    ],
)
def test_a_forbidden_word_is_found(text: str) -> None:
    assert len(list(faults("a.md", "first line\n" + text))) == 1


def test_a_finding_does_not_repeat_what_it_found() -> None:
    (fault,) = faults("a.md", "AKIA" + "B" * 16)
    assert "BBBB" not in fault
