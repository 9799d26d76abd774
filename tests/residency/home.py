"""What rests in a cell, opened with the cell's own keys: the reader that shows that canaries can be found."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regional_cell.adapters.local.files import LocalFiles
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.sql.tables import CONTENT
from regional_cell.domain.events import SealedEvent
from regional_cell.domain.views.registry import VIEWS
from tests.support.hunt import rows_of

SHARE_BYTES = 16


class Home:
    """One cell's folder (`cells/<name>`), running or not; reads copies."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "data" / "cell.db"
        self.files = folder / "data" / "files"
        secret = (folder / "secrets" / "keys__cell_key").read_text("ascii")
        self._sealer = LocalSealer(CellKeys(bytes.fromhex(secret)))
        current = dict(self._rows("SELECT resident, key_id FROM residents"))
        for resident, key_id, wrapped in self._rows("SELECT resident, key_id, wrapped FROM data_keys"):
            self._sealer.admit(resident, key_id, wrapped, current=current[resident] == key_id)
        self.residents = tuple(current)

    def opened(self) -> Iterator[tuple[str, bytes]]:
        """(place, plaintext) of every event, every sealed row and every file."""
        for sealed in self._events():
            event = self._sealer.open_event(sealed)
            yield f"events:{event.kind}", _text(event.payload)
        for name, view in VIEWS.items():
            if CONTENT not in view.columns.values():
                continue
            column = next(column for column, kind in view.columns.items() if kind == CONTENT)
            names = ", ".join(["resident", *view.key, column])
            for resident, *key, content in self._rows(f"SELECT {names} FROM {name}"):  # noqa: S608 - of the registry
                if content is not None:
                    yield (
                        f"{name}.{column}",
                        _text(self._sealer.open_content(resident, name, tuple(key), content)),
                    )
        yield from asyncio.run(self._open_files())

    def ciphertexts(self) -> dict[bytes, str]:
        """Pieces of everything sealed that rests here, with what they are of."""
        found: dict[bytes, str] = {}
        for event in self._events():
            if event.sealed:
                found[event.sealed[:SHARE_BYTES]] = f"event of {event.resident}"
                found[event.commitment] = f"commitment of {event.resident}"
        for resident, wrapped in self._rows("SELECT resident, wrapped FROM data_keys"):
            found[wrapped[:SHARE_BYTES]] = f"data key of {resident}"
        for name, view in VIEWS.items():
            for column, kind in view.columns.items():
                if kind == CONTENT:
                    rows = self._rows(f"SELECT resident, {column} FROM {name}")  # noqa: S608 - of the registry
                    for resident, content in rows:
                        if content:
                            found[content[8 : 8 + SHARE_BYTES]] = f"{name} of {resident}"
        for path in self.files.glob("*/*"):
            data = path.read_bytes()
            found[data[8 : 8 + SHARE_BYTES]] = f"file of {path.parent.name}"
            found[data[-SHARE_BYTES:]] = f"file of {path.parent.name}"
        return found

    async def _open_files(self) -> list[tuple[str, bytes]]:
        store = LocalFiles(self.files, self._sealer)
        found = []
        try:
            for path in sorted(self.files.glob("*/*")):
                pieces = [piece async for piece in store.read(path.parent.name, path.name, 0, None)]
                found.append((f"files/{path.name}", b"".join(pieces)))
        finally:
            store.close()
        return found

    def _events(self) -> Iterator[SealedEvent]:
        columns = (
            "resident, sequence, epoch, kind, schema, at_us, principal, key_id, sealed, commitment, topics"
        )
        for row in self._rows(f"SELECT {columns} FROM events ORDER BY resident, sequence"):  # noqa: S608 - as above
            yield SealedEvent(*row)

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        return rows_of(self.store, statement)


def _text(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()
