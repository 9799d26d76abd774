"""Every function of an adapter that sends something to another cell takes a passage."""

import ast
from pathlib import Path

ADAPTERS = Path(__file__).parents[2] / "regional_cell" / "adapters"
# Where channels to other planes are: the directory gets ids and blind indexes only, and is no cell.
OUTGOING = {"cells"}
CONNECTS = ("grpc", "aiohttp", "httpx", "httpx2", "socket", "urllib", "smtplib", "boto3")
INSIDE = {"directory", "local"}


def folders_that_connect() -> set[str]:
    """Rooms of adapters that import something that opens connections."""
    found = set()
    for path in ADAPTERS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.partition(".")[0] in CONNECTS for name in names):
                found.add(path.relative_to(ADAPTERS).parts[0])
    return found


def senders(path: Path) -> dict[str, list[str]]:
    """Functions that use a stub of another cell, with the types of their arguments."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "stubs." in ast.unparse(node):
            found[node.name] = [ast.unparse(each.annotation) for each in node.args.args if each.annotation]
    return found


def test_no_room_connects_that_is_not_listed() -> None:
    assert folders_that_connect() <= OUTGOING | INSIDE
    assert folders_that_connect() >= OUTGOING


def test_every_function_that_sends_takes_a_passage() -> None:
    found = {
        name: types for path in (ADAPTERS / "cells").glob("*.py") for name, types in senders(path).items()
    }
    assert found
    assert all("Passage" in types for types in found.values()), found
