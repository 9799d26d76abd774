"""`colink token PERSON`: print the API token of one of the demo's people, for use in a shell."""

from typing import Any

from deploy.demo import companion


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    parser = companion.parser("token", "Print the API token of one of the demo's people.")
    parser.add_argument("person", metavar="PERSON", help="first name, as the demo's screen shows it")
    parser.add_argument("--workspace", metavar="NAME", help="when the person is in several")
    given = parser.parse_args(arguments)

    def show(answer: dict[str, Any]) -> str:
        return str(answer["token"])

    return companion.act(given, {"do": "token", "person": given.person, "workspace": given.workspace}, show)
