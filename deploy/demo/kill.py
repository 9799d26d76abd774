"""`colink kill NAME`: send a signal to one process of the demo, SIGKILL unless another is named."""

import signal

from deploy.demo import companion


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    parser = companion.parser("kill", "Send a signal to one process of the demo.")
    parser.add_argument("name", metavar="NAME", help="directory, a cell, or an edge")
    parser.add_argument(
        "--signal", default="KILL", metavar="NAME", help="KILL (default), TERM, STOP, CONT ..."
    )
    given = parser.parse_args(arguments)
    name = given.signal.upper().removeprefix("SIG")
    try:
        number = signal.Signals[f"SIG{name}"].value
    except KeyError:
        parser.error(f"there is no signal {given.signal!r}")
    return companion.act(
        given,
        {"do": "kill", "name": given.name, "signal": number},
        lambda answer: f"sent SIG{name} to {given.name} (pid {', '.join(map(str, answer['pids']))})",
    )
