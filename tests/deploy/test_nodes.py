"""The file of nodes: each node's address, name, command and environment, or a refusal that says why."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.nodes import HOST, Node, NodesRefusedError, read_nodes
from deploy.demo.options import OptionsRefusedError, parse

KNOWN = ["directory", "de-fra", "fra"]


def written(folder: Path, rows: Any) -> Path:
    """A file of nodes; text is written as it is."""
    path = folder / "nodes.json"
    path.write_text(rows if isinstance(rows, str) else json.dumps(rows), encoding="utf-8")
    return path


def test_a_node_is_where_the_file_says_and_the_others_are_at_home(tmp_path: Path) -> None:
    row = {"address": "10.7.2.2", "name": "fra.test", "under": ["nice", "-n", "5"], "environ": {"A": "b"}}
    file = written(tmp_path, {"fra": row, "directory": {"address": "10.7.1.2"}})
    nodes = read_nodes(file, KNOWN)
    assert nodes == {
        "fra": Node("10.7.2.2", "fra.test", ("nice", "-n", "5"), (("A", "b"),)),
        "directory": Node("10.7.1.2"),
    }
    options = parse(["--cells", "de-fra", "--nodes", str(file)])
    dialled = [options.node(name).dialled for name in KNOWN]
    shown = [options.node(name).shown for name in KNOWN]
    assert dialled == ["10.7.1.2", HOST, "fra.test"]
    assert shown == ["10.7.1.2", "localhost", "10.7.2.2"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("{", "JSONDecodeError"),
        ("[" * 100_000, "RecursionError"),
        ([], "not an object"),
        ({"de-muc": {}}, "no node 'de-muc'"),
        ({"fra": []}, "fra: not an object"),
        ({"fra": {"adress": "10.7.2.2"}}, "fra: there is no member 'adress'"),
        ({"fra": {"address": "fra.test"}}, "fra: address is no IPv4 address"),
        ({"fra": {"address": None}}, "fra: address is no IPv4 address"),
        ({"fra": {"name": 7}}, "fra: name is no host name"),
        ({"fra": {"name": "no name"}}, "fra: name is no host name"),
        ({"fra": {"under": "nice"}}, "fra: under is no list of words"),
        ({"fra": {"environ": {"A": 1}}}, "fra: environ holds what is no text"),
    ],
)
def test_what_is_no_file_of_nodes_is_refused(tmp_path: Path, rows: Any, why: str) -> None:
    with pytest.raises(NodesRefusedError, match=why):
        read_nodes(written(tmp_path, rows), KNOWN)


def test_a_file_that_is_not_there_is_refused_as_an_option(tmp_path: Path) -> None:
    with pytest.raises(OptionsRefusedError, match="FileNotFoundError"):
        parse(["--nodes", str(tmp_path / "none.json")])
