"""`colink stop`: end the demo as Ctrl-C would."""

from deploy.demo import companion


def main(arguments: list[str]) -> int:
    """Returns the exit status once every process has ended."""
    given = companion.parser("stop", "Stop the running demo and wait until it has ended.").parse_args(
        arguments
    )
    return companion.act(given, {"do": "stop"}, lambda _: "stopped")
