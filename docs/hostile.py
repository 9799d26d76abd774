"""The page of hostile input: what of the product is attacked how, from the tables that the tests run."""

from collections.abc import Iterator

from docs.tables import code, table
from edge.domain.methods import METHODS
from regional_cell.domain.socket_frames import KINDS
from tests.edge.test_hostile_flow import ROUTES
from tests.fuzz.test_parsers import TARGETS
from tests.fuzz.test_rpcs import RPCS
from tests.regional_cell.entrypoints.gateway.test_hostile_frames import EDGE_FRAMES
from tests.regional_cell.entrypoints.gateway.test_hostile_tokens import PURPOSES, TABLE
from tests.support.attacks import CLASSES, attacks

GATEWAY = "tests/regional_cell/entrypoints/gateway"
BODY = "malformed, oversized, nested, mis-encoded"
API = "tests/regional_cell/entrypoints/web_api/test_hostile_bodies.py"


def hostile() -> Iterator[str]:
    """The parts of the page."""
    bodies = len(list(attacks({"text": "x"})))
    yield (
        f"Classes of attacks: {', '.join(CLASSES)} (`tests/support/attacks.py`; {bodies} bodies for an object"
        " with one member). Whatever is attacked answers with a typed error or does what is meant, shows"
        " nothing of its inside and nothing of others, and serves on. What is listed here is found in the"
        " code: something new without a row fails the tests."
    )
    rows = [
        [
            f"{len(METHODS)} methods of the API",
            f"{BODY}, foreign, replayed; other content types and charsets",
            f"`{API}` `tests/flows/test_hostile_http.py`",
        ],
        [
            code(ROUTES),
            f"{BODY}; verbs, paths, tokens, cookies, content types",
            "`tests/edge/test_hostile_flow.py`",
        ],
        [
            "frames of clients: " + code(sorted(KINDS)),
            f"{BODY}, foreign, replayed",
            f"`{GATEWAY}/test_hostile_frames.py` `tests/flows/test_hostile_sockets.py`",
        ],
        [
            "frames of edges: " + code(sorted(EDGE_FRAMES)),
            "malformed, oversized, foreign, replayed",
            f"`{GATEWAY}/test_hostile_frames.py`",
        ],
        [
            f"{len(RPCS)} rpcs",
            f"{BODY}, foreign, replayed; by a peer that is admitted",
            "`tests/fuzz/test_rpcs.py`",
        ],
        [
            f"tokens ({len(TABLE)} cases), tickets for {', '.join(PURPOSES)}, marks of sockets, cursors",
            "forged, cut, of other kinds, of others, expired, taken back, used twice",
            f"`{GATEWAY}/test_hostile_tokens.py`",
        ],
    ]
    yield table(("what", "attacked with", "by"), rows)
    yield "## Parsers"
    yield (
        "Each is fed with edits of its golden inputs, some hundreds in each run and a minute of them with"
        " `--long` (`tests/fuzz/test_parsers.py`): it returns a value or raises what stands here, within a"
        " second of CPU and bounded memory. A value with one form only comes out as it went in."
    )
    parsers = [
        [
            name,
            code(target.reads),
            code(sorted(error.__name__ for error in target.refusals)) or "takes everything",
            "yes" if target.write else "",
        ]
        for name, target in sorted(TARGETS.items())
    ]
    yield table(("input", "read by", "refused with", "one form"), parsers)
