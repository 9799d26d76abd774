"""Writes the little TOML that configuration files need: tables of texts, numbers, booleans and lists of
them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def to_toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """One table a section; values that are None are left out, maps become tables of their own."""
    lines: list[str] = []
    for name, table in tables.items():
        inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
        lines.append(f"[{name}]")
        lines += [
            f"{_key(key)} = {_value(value)}"
            for key, value in table.items()
            if value is not None and key not in inner
        ]
        lines.append("")
        lines += [to_toml({f"{name}.{key}": value}) for key, value in inner.items()]
    return "\n".join(lines)


def _key(text: str) -> str:
    return text if text.replace("_", "").replace("-", "").isalnum() else json.dumps(text)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, bool | int | float | str):
        # A JSON string, number or boolean is a TOML one too.
        return json.dumps(value)
    if isinstance(value, Path):
        return json.dumps(str(value))
    raise TypeError(type(value).__name__)
