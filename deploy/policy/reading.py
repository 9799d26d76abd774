"""Documents from files and folders, together with the packs that are shipped."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from residency_policies.builtin import BUILTIN_REGIONS, builtin_packs
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.decision import Region
from residency_policies.document import load_document
from residency_policies.errors import DocumentError, Finding
from residency_policies.model import Document, FloorPack

ENDINGS = (".yaml", ".yml", ".json")


class RefusedError(Exception):
    """The command cannot begin; the text says why."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of every verb that reads documents."""
    parser.add_argument("--at", metavar="INSTANT", help="2027-01-31 or 2027-01-31T12:00:00Z; now without it")
    parser.add_argument(
        "--region",
        action="append",
        default=[],
        metavar="ID=COUNTRY",
        help="a region; the built-in ones without",
    )


def instant_of(text: str | None) -> int:
    """Unix seconds of `--at`. Raises RefusedError."""
    if text is None:
        return int(datetime.now(UTC).timestamp())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(f"{text!r} is no instant; write 2027-01-31 or 2027-01-31T12:00:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def regions_of(words: list[str]) -> tuple[Region, ...]:
    """Regions of `--region`. Raises RefusedError."""
    found = []
    for word in words:
        name, sign, place = word.partition("=")
        if not sign or not name or not place:
            raise RefusedError(f"{word!r} is no region; write eu-central-1=DE")
        country = place[:2]
        found.append(Region(name, country, place if place != country else ""))
    return tuple(found) or BUILTIN_REGIONS


def texts_of(paths: list[Path]) -> dict[str, str]:
    """Texts by file name, folders read whole. Raises RefusedError."""
    found: dict[str, str] = {}
    for path in paths:
        files = sorted(one for one in path.rglob("*") if one.suffix in ENDINGS) if path.is_dir() else [path]
        if not files:
            raise RefusedError(f"{path}: no document (*.yaml, *.yml, *.json) in this folder")
        for file in files:
            try:
                found[str(file)] = file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise RefusedError(f"{file} cannot be read: {type(error).__name__}") from None
    return found


def bundle_of(paths: list[Path], regions: tuple[Region, ...]) -> tuple[Bundle, dict[str, str]]:
    """A bundle of the documents and of every shipped pack that they do not bring; names of files by id.

    Raises:
        RefusedError: a file cannot be read.
        DocumentError: documents cannot be used; findings name the files.
    """
    texts = texts_of(paths)
    found: list[Finding] = []
    documents: list[Document] = []
    files: dict[str, str] = {}
    for name, text in texts.items():
        try:
            documents.append(load_document(text, name))
            files.setdefault(documents[-1].id, name)
        except DocumentError as error:
            found += error.findings
    if found:
        raise DocumentError(found)
    own = {one.id for one in documents if isinstance(one, FloorPack)}
    packs = [text for text in builtin_packs() if load_document(text).id not in own]
    return Bundle(1, (*texts.values(), *packs), regions), files


def compiled_of(paths: list[Path], given: argparse.Namespace) -> CompiledBundle:
    """The same, compiled for `--at`. Raises as `bundle_of`, and BundleError."""
    bundle, _ = bundle_of(paths, regions_of(given.region))
    return compile_bundle(bundle, instant_of(given.at))
