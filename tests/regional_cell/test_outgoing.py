"""Nothing of a cell opens a connection but the door to other cells, which takes a passage, and the client of
the directory, which gets ids and blind indexes.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from docs.found import owned, sources

ROOT = Path(__file__).parents[2]
CELLS = ROOT / "regional_cell" / "adapters" / "cells"
# Where a channel is opened: to the directory, and to the destination of a passage.
DOORS = {
    "regional_cell/adapters/directory/client.py::DirectoryClient.__init__",
    "regional_cell/bootstrap/cell.py::Cell._open_peer",
}
# What a socket of the module `socket` may do is decided where it is made.
OPENERS = frozenset(
    """
    open_channel insecure_channel secure_channel open_connection create_connection sock_connect sock_sendto
    create_datagram_endpoint getaddrinfo gethostbyname
    """.split()  # noqa: SIM905 - read as prose
)
# Whatever speaks to somebody else by itself, or starts something that does.
CLIENTS = frozenset(
    """
    aiohttp boto3 confluent_kafka ftplib http.client httpx httpx2 imaplib multiprocessing poplib redis
    requests smtplib subprocess telnetlib urllib.request urllib3 websockets xmlrpc
    """.split()  # noqa: SIM905 - read as prose
)
PLANTED = """
import httpx, smtplib as post
from urllib.request import urlopen
from urllib.parse import quote
import socket

class Outer:
    async def leak(self):
        there, back = await asyncio.open_connection("elsewhere", 443)
        opening = partial(open_channel, "elsewhere")
        socket.socket(socket.AF_INET)
        socket.socket(socket.AF_UNIX)
        os.system("curl elsewhere")
"""


def opened(text: str, file: str) -> Iterator[tuple[str, str]]:
    """(place, how) of everything in a module that reaches outside."""
    for owner, _, node in owned(ast.parse(text), "", ""):
        place = f"{file}::{owner}" if owner else file
        if isinstance(node, ast.Import):
            yield from ((place, each.name) for each in node.names if _is_client(each.name))
        elif isinstance(node, ast.ImportFrom):
            names = {node.module or "", *(f"{node.module}.{each.name}" for each in node.names)}
            yield from ((place, name) for name in sorted(names) if _is_client(name))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "socket.socket":
            if "AF_UNIX" not in ast.unparse(node):
                yield place, "socket"
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in OPENERS or ast.unparse(node) in ("os.system", "os.popen", "os.posix_spawn"):
                yield place, name


def _is_client(name: str) -> bool:
    return name in CLIENTS or name.partition(".")[0] in CLIENTS


def senders(path: Path) -> dict[str, list[str]]:
    """Functions that use a stub of another cell, with the types of their arguments."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "stubs." in ast.unparse(node):
            found[node.name] = [ast.unparse(each.annotation) for each in node.args.args if each.annotation]
    return found


def test_nothing_of_a_cell_opens_a_connection_but_its_doors() -> None:
    found = {
        place
        for file, text in sources(ROOT)
        if file.startswith("regional_cell/")
        for place, _ in opened(text, file)
    }
    assert found == DOORS


def test_whatever_opens_a_connection_is_found() -> None:
    assert sorted(opened(PLANTED, "x.py")) == [
        ("x.py", "httpx"),
        ("x.py", "smtplib"),
        ("x.py", "urllib.request"),
        ("x.py::Outer.leak", "open_channel"),
        ("x.py::Outer.leak", "open_connection"),
        ("x.py::Outer.leak", "socket"),
        ("x.py::Outer.leak", "system"),
    ]


def test_every_function_that_sends_takes_a_passage() -> None:
    found = {name: types for path in CELLS.glob("*.py") for name, types in senders(path).items()}
    assert found
    assert all("Passage" in types for types in found.values()), found


def test_other_cells_are_dialled_from_the_room_that_takes_passages_alone() -> None:
    """Who may open a channel to a peer: `CellPeers`, which bootstrap gives the way."""
    users = [
        file for file, text in sources(ROOT) if file.startswith("regional_cell/") and "_open_peer" in text
    ]
    assert users == ["regional_cell/bootstrap/cell.py"]
    tree = ast.parse((ROOT / users[0]).read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [ast.unparse(node.func) for node in calls if "_open_peer" in ast.unparse(node)]
    assert given == ["CellPeers"]
