"""The page of hostile input: what of the product is attacked how, from the tables that the tests run."""

from collections.abc import Iterator

from docs.tables import code, table
from edge.domain.methods import METHODS
from regional_cell.domain.socket_frames import KINDS
from tests.directory.entrypoints.http.test_hostile import DOORS
from tests.directory.entrypoints.http.test_hostile import ROUTES as DIRECTORY_ROUTES
from tests.edge.test_hostile_flow import ROUTES
from tests.fuzz.test_parsers import TARGETS
from tests.fuzz.test_rpcs import RPCS
from tests.regional_cell.entrypoints.gateway.test_hostile_frames import EDGE_FRAMES
from tests.regional_cell.entrypoints.gateway.test_hostile_tokens import ABSENT, PURPOSES, TABLE
from tests.support.attacks import CLASSES, attacks, forms, multiparts

GATEWAY = "tests/regional_cell/entrypoints/gateway"
BODY = "malformed, oversized, nested, mis-encoded"
API = "tests/regional_cell/entrypoints/web_api/test_hostile_bodies.py"


def hostile() -> Iterator[str]:
    """The parts of the page."""
    count = [len(list(bodies({"text": "x"}))) for bodies in (attacks, forms, multiparts)]
    yield (
        f"Classes of attacks: {', '.join(CLASSES)} (`tests/support/attacks.py`; {count[0]} bodies for an"
        f" object with one member, {count[1]} for a form, {count[2]} for a multipart form). Whatever is"
        " attacked answers with a typed error or does what is meant, shows"
        " nothing of its inside and nothing of others, and serves on. What is listed here is found in the"
        " code: something new without a row fails the tests."
    )
    rows = [
        [
            f"{len(METHODS)} methods of the API",
            f"{BODY}, as JSON, form and multipart; foreign, replayed; other content types and charsets",
            f"`{API}` `tests/flows/test_hostile_http.py`",
        ],
        [
            code(ROUTES),
            f"{BODY}, as JSON, form and multipart; verbs, paths, tokens, cookies, content types",
            "`tests/edge/test_hostile_flow.py`",
        ],
        [
            code(DIRECTORY_ROUTES) + " of the directory",
            f"{BODY}; verbs, paths, headers, what is no HTTP",
            "`tests/directory/entrypoints/http/test_hostile.py`",
        ],
        [
            code(sorted(DOORS)) + " of the directory",
            f"{BODY}, as JSON; tokens, paths",
            "`tests/directory/entrypoints/http/test_hostile.py`",
        ],
        [
            "payloads of webhooks",
            f"{BODY}; as JSON, text, form, multipart",
            f"`{GATEWAY}/test_webhooks.py`",
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
    yield "Of the attacks on tokens that are known elsewhere, these have no place here:"
    yield table(("what", "why not"), [[what, why] for what, why in ABSENT.items()])
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
