"""The proof is worth what its hunter finds: one leak is planted in each kind of sink of the real federation's
folder, and each must be found there. What only looks like a canary raises nothing.
"""

import base64
import gzip
import hmac
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from accord.blind import blind_index
from tests.residency.planting import Planted
from tests.residency.sinks import hunter, leaks, shown
from tests.support.canaries import Canary, Form, near_miss
from tests.support.federation import RunningDemo
from tests.support.hunt import Hunter

pytestmark = pytest.mark.timeout(600)


def _line(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def _bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


def _row(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


EVENT = (
    "INSERT INTO events (resident, sequence, epoch, kind, schema, at_us, principal, key_id, sealed,"
    " commitment, topics) VALUES ('T00000000000X', 1, 1, 'MessagePosted', 1, 1, ?, 'k', ?, x'00', '[]')"
)
LEASE = "INSERT INTO leases VALUES (?, 'de-fra', 'DE', 'committed', 0)"

Plant = Callable[[Path, Canary, bytes], None]
# Sink: the file of the real folder that is used, and how a canary gets into it.
SINKS: dict[str, tuple[str, Plant]] = {
    "a line of an edge's log": (
        "logs/iad.log",
        lambda path, canary, key: _line(path, f'{{"event": "http_request", "why": "{canary.value}"}}'),
    ),
    "a line of the home's own log": ("logs/de-fra.log", lambda path, canary, key: _line(path, canary.value)),
    "a path in the directory's access log": (
        "logs/directory.log",
        lambda path, canary, key: _line(path, f"GET /find?email={canary.core}%40de.example"),
    ),
    "a label of a metric": (
        "edges/bom/data/metrics.prom",
        lambda path, canary, key: _line(path, f'colink_calls_total{{channel="{canary.core.upper()}"}} 1'),
    ),
    "base64 in a trace": (
        "cells/in-bom/data/traces.json",
        lambda path, canary, key: _line(
            path, '{"attributes": "' + base64.b64encode(b"q=" + canary.value.encode()).decode() + '"}'
        ),
    ),
    "the journal of an edge": (
        "edges/iad/data/routes/journal",
        lambda path, canary, key: _bytes(path, canary.value.encode()),
    ),
    "a keyed hash in the directory": (
        "directory/data/directory.db",
        lambda path, canary, key: _row(
            path, LEASE, hmac.digest(key, canary.value.strip().encode(), "sha256").hex()
        ),
    ),
    "a blind index in the directory, but not among the claims": (
        "directory/data/directory.db",
        lambda path, canary, key: _row(
            path, "UPDATE cells SET authority = ?", blind_index(key, "email", f"{canary.core}@de.example")
        ),
    ),
    "a row of another cell": (
        "cells/us-iad/data/cell.db",
        lambda path, canary, key: _row(path, EVENT, canary.core, b""),
    ),
    "utf-16 in a blob of another cell": (
        "cells/in-bom/data/cell.db",
        lambda path, canary, key: _row(path, EVENT, "U", b"\x00\x01" + canary.value.encode("utf-16-le")),
    ),
    "a packed blob of another cell": (
        "cells/us-iad/data/cell.db",
        lambda path, canary, key: _row(path, EVENT, "U", b"\x07" + zlib.compress(canary.value.encode())),
    ),
    "words in another cell's index": (
        "cells/us-iad/data/search.db",
        lambda path, canary, key: _row(
            path, "INSERT INTO words_content (id, c0) VALUES (999999999, ?)", f"the {canary.core} plan"
        ),
    ),
    "gzip in a folder of another cell": (
        "cells/in-bom/data/files/dump.gz",
        lambda path, canary, key: _bytes(path, gzip.compress(canary.value.encode())),
    ),
    "an entry of another cell's ledger": (
        "cells/us-iad/data/ledger/book/000000.jsonl",
        lambda path, canary, key: _line(path, '{"open":{"why":"' + canary.core.encode().hex() + '"}}'),
    ),
    "the name of a file at an edge": (
        "edges/fra/data/uploads/{}.part",
        lambda path, canary, key: _bytes(path.with_name(f"{canary.core}.part"), b""),
    ),
    "a core dump": (
        "edges/fra/data/core.4711",
        lambda path, canary, key: _bytes(path, bytes(4097) + canary.value.encode("utf-32-le") + bytes(99)),
    ),
}


@pytest.fixture(scope="module")
def everything(planted: Planted) -> Hunter[Form]:
    """A hunter for all canaries."""
    return hunter(planted.canaries.values(), planted.keys)


@pytest.fixture
def sink(demo: RunningDemo, planted: Planted, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy of one file of the real folder, where it stands in the folder."""
    place, _ = SINKS[request.param]
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    for suffix in ("", "-wal"):
        source = demo.data_dir / f"{place}{suffix}"
        if source.exists():
            shutil.copyfile(source, f"{path}{suffix}")
    return path


@pytest.mark.parametrize(("sink", "name"), [(name, name) for name in SINKS], indirect=["sink"])
def test_a_leak_into_any_sink_is_found(
    planted: Planted, everything: Hunter[Form], tmp_path: Path, sink: Path, name: str
) -> None:
    assert not leaks(tmp_path, everything), "the copy is clean before"
    _, plant = SINKS[name]
    canary = planted.canaries["email" if "blind" in name else "message"]
    plant(sink, canary, planted.keys[0])
    found = {find.label.canary for find in leaks(tmp_path, everything)}
    assert found == {canary.name}


@pytest.mark.parametrize(("sink", "name"), [(name, name) for name in SINKS], indirect=["sink"])
def test_a_near_miss_in_any_sink_raises_nothing(
    planted: Planted, everything: Hunter[Form], tmp_path: Path, sink: Path, name: str
) -> None:
    _, plant = SINKS[name]
    plant(sink, near_miss(planted.canaries["message"]), planted.keys[0])
    found = leaks(tmp_path, everything)
    assert not found, shown(found)
