"""Entry of `python -m deploy` and of the console script `colink`.

Parses under any Python 3, so that an old one is refused with a sentence instead of a syntax error.
"""

import sys


def main() -> None:
    """Refuse an old Python, then hand over to `deploy.commands`; ends the process with its exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the sentence is the point of this file
        version = ".".join(str(part) for part in sys.version_info[:3])
        sys.stderr.write("colink: Python 3.11 or newer is needed; this is " + version + ".\n")
        sys.exit(2)
    from deploy import commands

    sys.exit(commands.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
