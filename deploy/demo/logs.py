"""`colink logs NAME`: what one process of the demo wrote."""

import sys
import time
from pathlib import Path

from deploy.demo import companion, control, registry


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    parser = companion.parser("logs", "Show what one process of the demo wrote.")
    parser.add_argument("name", metavar="NAME", help="directory, a cell, or an edge")
    parser.add_argument("--lines", type=int, default=40, metavar="N", help="last lines to show (default 40)")
    parser.add_argument("--follow", action="store_true", help="go on until interrupted")
    given = parser.parse_args(arguments)
    try:
        answer = control.ask(registry.find(given.data), {"do": "logs", "name": given.name})
    except registry.NoDemoError as error:
        sys.stderr.write(f"colink: {error}\n")
        return 2
    except control.RefusedError as error:
        sys.stderr.write(f"colink: {error}\n")
        return 1
    file = Path(answer["file"])
    text = file.read_text(encoding="utf-8", errors="replace")
    sys.stdout.write("".join(line + "\n" for line in text.splitlines()[-given.lines :]))
    return _follow(file, len(text.encode())) if given.follow else 0


def _follow(file: Path, place: int) -> int:
    while file.exists():
        with file.open("rb") as log:
            log.seek(place)
            data = log.read()
        place += len(data)
        sys.stdout.write(data.decode("utf-8", errors="replace"))
        sys.stdout.flush()
        time.sleep(0.3)
    return 0
