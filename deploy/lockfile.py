"""Reads a requirements lock: which distributions it pins for the running interpreter.

Standard library only: this is read before any environment exists.

Invariants
    1. A line that is not understood is an error, never skipped.
    2. Only the markers that a universal lock contains are evaluated; any other name is an error.
"""

import ast
import os
import platform
import re
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$"
)


class LockUnreadableError(ValueError):
    """A requirements lock has a line or a marker that is not understood."""


def marker_names() -> dict[str, str]:
    """The marker variables of PEP 508 for the running interpreter."""
    return {
        "implementation_name": sys.implementation.name,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_system": platform.system(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def marker_holds(marker: str, names: Mapping[str, str]) -> bool:
    """Whether a PEP 508 marker holds. Raises LockUnreadableError for what the grammar here does not know."""
    try:
        return _holds(ast.parse(marker, mode="eval").body, names)
    except SyntaxError as error:
        raise LockUnreadableError(f"marker not understood: {marker}") from error


def _holds(node: ast.expr, names: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        values = [_holds(value, names) for value in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        raise LockUnreadableError(f"marker not understood: {ast.unparse(node)}")
    left, right = _value(node.left, names), _value(node.comparators[0], names)
    match node.ops[0]:
        case ast.Eq():
            return left == right
        case ast.NotEq():
            return left != right
        case ast.Lt():
            return _release(left) < _release(right)
        case ast.LtE():
            return _release(left) <= _release(right)
        case ast.Gt():
            return _release(left) > _release(right)
        case ast.GtE():
            return _release(left) >= _release(right)
    raise LockUnreadableError(f"marker not understood: {ast.unparse(node)}")


def _value(node: ast.expr, names: Mapping[str, str]) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    raise LockUnreadableError(f"marker not understood: {ast.unparse(node)}")


def _release(version: str) -> tuple[int, ...]:
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    if numbers is None:
        raise LockUnreadableError(f"not a version: {version}")
    return tuple(int(part) for part in numbers.group().split("."))


def pins(text: str, names: Mapping[str, str]) -> dict[str, str]:
    """Distribution name (normalised) to version, for every pin whose marker holds under `names`.

    Raises LockUnreadableError for any line that is neither a pin, a hash, a comment nor blank.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith(("#", "--hash=sha256:")):
            continue
        pin = PIN.match(line)
        if pin is None:
            raise LockUnreadableError(f"line not understood: {line.strip()}")
        marker = pin["marker"]
        if marker is None or marker_holds(marker, names):
            found[re.sub(r"[-_.]+", "-", pin["name"]).lower()] = pin["version"]
    return found


def missing(lock: Path, *, exact: bool) -> list[str]:
    """Pins of the lock that the running interpreter does not have, as `name==version`.

    With `exact` another version counts as missing; without it any version will do, as its own installer
    has already checked the bounds.
    """
    absent = []
    for name, version in pins(lock.read_text(encoding="utf-8"), marker_names()).items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed = None
        if installed is None or (exact and installed != version):
            absent.append(f"{name}=={version}")
    return absent
