"""`colink audit HISTORY ...`: judge histories, offline.

Exit status: 0 all of them hold, 1 one does not, 2 one cannot be judged.
"""

import argparse
import sys
from pathlib import Path

from deploy.audit.audit import judge_file
from deploy.audit.books import check_books
from deploy.audit.history import HistoryError
from deploy.audit.report import report, to_json
from deploy.audit.verdict import Verdict


def main(arguments: list[str]) -> int:
    """Run `audit`. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="colink audit", description="Judge histories of clients: which promises do they show broken?"
    )
    parser.add_argument("histories", nargs="+", type=Path, metavar="HISTORY", help="files of an event a line")
    parser.add_argument(
        "--books", type=Path, metavar="DIR", help="also verify the ledgers below this data folder of a demo"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each history")
    given = parser.parse_args(arguments)
    status = 0
    for path in given.histories:
        try:
            verdict, index = judge_file(path)
            if given.books is not None:
                verdict.add(check_books(given.books))
        except HistoryError as error:
            return _refuse(str(error))
        except (OSError, ValueError) as error:
            return _refuse(f"{path}: {type(error).__name__}: {error}")
        lines = [to_json(verdict)] if given.json else report(verdict, index)
        sys.stdout.writelines(f"{line}\n" for line in lines)
        status = max(status, _status(verdict))
    return status


def _status(verdict: Verdict) -> int:
    return 0 if verdict.holds else 1


def _refuse(text: str) -> int:
    sys.stderr.write(f"colink audit: {text}\n")
    return 2
