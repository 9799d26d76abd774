"""A14: both books of every crossing agree. The verifier of ledgers does the work; this gives its findings a
number.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.audit.verdict import Violation
from deploy.verify_ledger import verify


def check_books(data: Path) -> Iterator[Violation]:
    """Findings on the books below a demo's data folder (`cells/*/data/ledger`, `ledger-keys.json`). Raises
    OSError, ValueError when they cannot be read.
    """
    keys: dict[str, str] = json.loads((data / "ledger-keys.json").read_text(encoding="utf-8"))
    folders = sorted(folder for folder in data.glob("cells/*/data/ledger") if folder.is_dir())
    books, _, _ = verify(folders, keys, time.time())
    for book in books:
        for finding in book.findings:
            place = "" if finding.entry is None else f" entry {finding.entry}"
            yield Violation("I17", "A14", f"{finding.book}{place}: {finding.check}: {finding.text}")
