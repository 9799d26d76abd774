"""`colink start NAME`: start one stopped process of the demo again and wait until it is ready."""

from deploy.demo import companion


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    parser = companion.parser("start", "Start a stopped process again and wait until it is ready.")
    parser.add_argument("name", metavar="NAME", help="directory, a cell, or an edge")
    given = parser.parse_args(arguments)
    return companion.act(
        given,
        {"do": "start", "name": given.name},
        lambda answer: f"{given.name} ready after {answer['took_s']:.1f} s, pid {answer['pid']}",
    )
