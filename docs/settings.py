"""The page of settings: read from the settings of each plane; meanings stand in `settings.toml`."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from directory.settings import DirectoryPlaneSettings
from docs.tables import table
from edge.settings import EdgeSettings
from regional_cell.settings import CellSettings

DOCS = Path(__file__).resolve().parent
PLANES: dict[str, type[BaseModel]] = {
    "directory": DirectoryPlaneSettings,
    "cell": CellSettings,
    "edge": EdgeSettings,
}


def type_of(schema: Mapping[str, Any]) -> str:
    """A JSON schema's type and bounds in few words."""
    if "anyOf" in schema:
        return " or ".join(type_of(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{word}`" for word in schema.get("enum", [schema.get("const")]))
    if schema.get("format") in ("password", "path"):
        return {"password": "secret file", "path": "path"}[schema["format"]]
    kind = {"string": "text", "null": "none", "array": "list", "object": "table"}
    word = kind.get(schema.get("type", "object"), schema.get("type", "table"))
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    above = "above " if "exclusiveMinimum" in schema else ""
    if low is not None and "maximum" in schema:
        return f"{word}, {above}{low} to {schema['maximum']}"
    return f"{word}, {above or 'from '}{low}" if low is not None else word


def settings_rows(plane: str, meanings: Callable[[str, str], str]) -> list[list[str]]:
    """Name, type, default and meaning of every setting of a plane."""
    schema = PLANES[plane].model_json_schema()
    rows: list[list[str]] = []

    def row(name: str, one: Mapping[str, Any], required: bool) -> None:
        default = one.get("default")
        shown = "" if default is None else f"`{default}`" if default != "" else "empty"
        rows.append(
            [
                f"`{name}`",
                type_of(one),
                "**required**" if required else shown or "none",
                meanings(plane, name),
            ]
        )

    for section, outer in schema["properties"].items():
        inner = schema["$defs"].get(outer.get("$ref", "").rpartition("/")[2])
        if inner is None:
            row(section, {key: value for key, value in outer.items() if key != "default"}, False)
            continue
        for name, one in inner["properties"].items():
            row(f"{section}.{name}", one, name in inner.get("required", ()))
    return rows


def settings() -> list[str]:
    """Every setting of every plane. Raises KeyError for one without a meaning, or a meaning of none."""
    texts: dict[str, dict[str, str]] = tomllib.loads((DOCS / "settings.toml").read_text(encoding="utf-8"))
    unused = {(plane, name) for plane, names in texts.items() for name in names}

    def meaning(plane: str, name: str) -> str:
        place = plane if name in texts[plane] else "common"
        unused.discard((place, name))
        return texts[place][name]

    parts = []
    for plane in PLANES:
        head = ("setting", "type", "default", "meaning")
        parts += [f"## {plane}", table(head, settings_rows(plane, meaning))]
    if unused:
        raise KeyError(f"meanings without a setting: {sorted(unused)}")
    return [
        "Order: environment `COLINK_<SECTION>__<NAME>` over the TOML file of `--config` over defaults. A"
        " secret is read from the file `<section>__<name>` in the folder `COLINK_SECRETS_DIR`, and nowhere"
        " else. A name that this plane does not serve or read is still accepted, and does nothing."
        " Unknown names, missing values and wrong types are listed together, and the process ends with 2.",
        *parts,
    ]
