"""The reverse question: what would be if an instrument, an adequacy decision or a region were gone."""

import json
from collections.abc import Callable

from residency_policies.bundle import Bundle
from residency_policies.decision import instant_text
from residency_policies.model import Document, FloorPack, InstrumentDocument, Policy


def without_instrument(bundle: Bundle, instrument: str, at_s: int) -> Bundle:
    """The bundle in which the instrument ends at the instant, in whichever documents it stands."""

    def ended(document: Document, content: dict[str, object]) -> None:
        if isinstance(document, Policy):
            for one in _parts(content.get("instruments")):
                if one.get("id") == instrument:
                    one["valid"] = _until(one.get("valid"), at_s)
        elif isinstance(document, InstrumentDocument) and document.instrument.id == instrument:
            for own in _parts([content["instrument"]]):
                own["valid"] = _until(own.get("valid"), at_s)

    return _changed(bundle, ended)


def without_adequacy(bundle: Bundle, pack: str, place: str, at_s: int) -> Bundle:
    """The bundle in which a pack recognises the destination no longer than until the instant."""

    def ended(document: Document, content: dict[str, object]) -> None:
        if isinstance(document, FloorPack) and document.id == pack:
            for one in _parts(content.get("adequacy")):
                if one.get("to") == place:
                    one.update(_until(one, at_s))

    return _changed(bundle, ended)


def without_region(bundle: Bundle, region: str) -> Bundle:
    """The bundle without a region. Compiling it is refused when none is left."""
    return Bundle(bundle.version, bundle.documents, tuple(one for one in bundle.regions if one.id != region))


def _parts(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _until(validity: object, at_s: int) -> dict[str, object]:
    return {**(validity if isinstance(validity, dict) else {}), "until": instant_text(at_s)}


def _changed(bundle: Bundle, change: Callable[[Document, dict[str, object]], None]) -> Bundle:
    texts = []
    for document in bundle.parsed:
        content = json.loads(json.dumps(document.canonical))
        change(document, content)
        texts.append(json.dumps(content, ensure_ascii=False))
    return Bundle(bundle.version, tuple(texts), bundle.regions)
