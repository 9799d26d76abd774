"""How the SQL store behaves when the database does not."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from accord.errors import ColinkError, InternalError, NotReadyError, OverloadedError
from directory.adapters.sql import schema_version, store
from directory.adapters.sql.engine import Engines
from directory.adapters.sql.store import SqlStore
from directory.ports.store import ReadUnit


async def test_a_database_that_is_away_is_a_typed_error_without_its_address() -> None:
    away = SqlStore(Engines("postgresql://colink@127.0.0.1:1/nothing"))
    for act in (away.read, away.write):
        with pytest.raises(NotReadyError) as refused:
            await act(lambda unit: unit.versions.current())
        assert "127.0.0.1" not in str(refused.value)
    await away.close()


async def test_an_error_of_a_statement_tells_no_parameters(tmp_path: Path) -> None:
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    schema_version.migrate(engines)
    with engines.writer.begin() as connection:
        connection.execute(text("DROP TABLE placements"))
    broken = SqlStore(engines)
    with pytest.raises(ColinkError) as refused:
        await broken.read(lambda unit: unit.placements.find_all(["T0000CANARY00"]))
    assert "CANARY" not in str(refused.value)
    assert isinstance(refused.value, InternalError | NotReadyError)
    await broken.close()


async def test_more_units_than_the_limit_are_refused_before_they_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "WAITING_MAX", 2)
    engines = Engines(f"sqlite:///{tmp_path / 'directory.db'}")
    schema_version.migrate(engines)
    busy = SqlStore(engines)
    release = threading.Event()

    def work(unit: ReadUnit) -> bool:
        return release.wait(10)

    running = [asyncio.ensure_future(busy.read(work)) for _ in range(2)]
    await asyncio.sleep(0.1)
    with pytest.raises(OverloadedError):
        await busy.read(lambda unit: unit.versions.current())
    release.set()
    assert await asyncio.gather(*running) == [True, True]
    assert await busy.read(lambda unit: unit.versions.current()) == 0
    await busy.close()
    with pytest.raises(OverloadedError):
        await busy.read(lambda unit: unit.versions.current())
