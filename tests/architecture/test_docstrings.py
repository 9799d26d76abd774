"""Every package says what it is for; every public thing says what its types cannot."""

import ast
from collections.abc import Iterator

from tests.architecture.sources import PACKAGES, modules, parse

Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def faults(path: str, text: str) -> Iterator[str]:
    """The module and the public things in it that lack a docstring; in ports also their methods
    (a property is named by what it gives)."""
    tree = parse(text)
    if not ast.get_docstring(tree):
        yield f"{path}: the module has no docstring"
    if path.endswith("__init__.py"):
        return
    for node in tree.body:
        if isinstance(node, Documented) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield f"{path}:{node.lineno}: {node.name} has no docstring"
            if isinstance(node, ast.ClassDef) and "/ports" in path:
                yield from _methods(path, node)


def _methods(path: str, promise: ast.ClassDef) -> Iterator[str]:
    for node in promise.body:
        public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
        if (
            public
            and isinstance(node, Documented)
            and not node.decorator_list
            and not ast.get_docstring(node)
        ):
            yield f"{path}:{node.lineno}: {promise.name}.{node.name} does not say what is promised"


def more_than_a_docstring(path: str, text: str) -> Iterator[str]:
    """An `__init__.py` with anything but a docstring: re-exports break the import contracts."""
    for node in parse(text).body:
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield f"{path}:{node.lineno}: an __init__.py is a docstring only"


def test_everything_public_says_what_it_is() -> None:
    found = [fault for path, text in modules(*PACKAGES) for fault in faults(path, text)]
    assert not found, "\n".join(found)


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    inits = [(path, text) for path, text in modules(*PACKAGES, "tests") if path.endswith("/__init__.py")]
    found = [fault for path, text in inits for fault in more_than_a_docstring(path, text)]
    assert len(inits) > len(PACKAGES)
    assert not found, "\n".join(found)


def test_a_missing_docstring_is_found() -> None:
    assert list(faults("a/b.py", "def act(): ...\ndef _own(): ...")) == [
        "a/b.py: the module has no docstring",
        "a/b.py:1: act has no docstring",
    ]
    ports = '"""Ports."""\nclass Log:\n    """A log."""\n    def commit(self): ...'
    assert list(faults("edge/ports.py", ports)) == [
        "edge/ports.py:4: Log.commit does not say what is promised"
    ]
    assert list(faults("edge/other.py", ports)) == []


def test_a_re_export_is_found() -> None:
    assert list(more_than_a_docstring("a/__init__.py", '"""A."""\nfrom a.b import c'))
    assert not list(more_than_a_docstring("a/__init__.py", '"""A."""'))
