"""The page of clients: by which function each official client calls a method, and which tests do so."""

import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from docs.tables import code, table
from tests.support.method_calls import CALLS
from tests.support.official import PYTHON, SOCKETS, node_function, python_function

ROOT = Path(__file__).resolve().parent.parent
SUITE = "tests/flows/test_clients.py"
SOCKET_SUITE = "tests/flows/test_socket_clients.py"


def node_versions() -> dict[str, str]:
    """Packages for Node and their pinned versions."""
    wanted = json.loads((ROOT / "requirements/node/package.json").read_text(encoding="utf-8"))
    return dict(wanted["dependencies"])


def method_rows() -> Iterator[list[str]]:
    """A row for each method."""
    for method in sorted(CALLS):
        call = CALLS[method]
        outcome = f"`{call.refusal}`" if call.refusal else "ok"
        functions = [f"`{python_function(client, method)}`" for client in PYTHON]
        yield [
            f"`{method}`",
            *functions,
            f"`{node_function(method)}`",
            code(call.arguments) or "none",
            outcome,
        ]


def clients() -> Iterator[str]:
    """The parts of the page."""
    node = node_versions()
    python = metadata.version("slack_sdk")
    web, rtm = node["@slack/web-api"], node["@slack/rtm-api"]
    yield (
        f"Unmodified: Python `slack_sdk` {python} with its synchronous client, its asynchronous one and that"
        f" of the first generation; Node `@slack/web-api` {web} and `@slack/rtm-api` {rtm}. Those in Node are"
        " pinned by hash in `requirements/node` and installed by `npm ci` where Node is present; elsewhere"
        " their tests are skipped, with the reason."
    )
    yield "## Methods"
    yield (
        f"`{SUITE}` makes each call by each client through every edge of the demo, with the home in Germany,"
        " and fails when one outcome differs from the others, and when a method has no row. A client without"
        " a function of its own for a method uses its general one."
    )
    head = ("method", *(f"Python, {client}" for client in PYTHON), "Node", "called with", "outcome")
    yield table(head, method_rows())
    yield "## Sockets"
    rows = [[client, does, f"`{SOCKET_SUITE}::{test}`"] for client, (does, test) in SOCKETS.items()]
    yield table(("client", "what it does through every edge", "shown by"), rows)
