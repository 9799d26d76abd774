"""Files of a stopped cell are damaged: what would answer otherwise than before is found, all of it."""

import asyncio
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from accord.encoding import b64url
from accord.runtime.settings import load
from regional_cell.bootstrap.verification import verify
from regional_cell.domain.transfers import Entry
from regional_cell.services.provisioning import ChannelSpec, PersonSpec, UserSpec, WorkspaceSpec
from regional_cell.settings import CellSettings
from tests.regional_cell.cells import Site, TestedCell, make_site, running
from tests.regional_cell.edges import TestEdge, edge_to
from tests.support import campaign
from tests.support.faults.damaging import ERROR, KINDS, answers, damage, writable

ROOT = Path(__file__).parents[3]
SHOWN = {"phase": "intent", "side": "debit"}
PEOPLE, POSTS, FILES, ENTRIES = 5, 60, 3, 20
WAIT_S, PROGRAM_S = 60.0, 60.0
SCOPES = ("chat:write", "channels:read", "files:write", "reactions:write")
SOCKETS = shutil.ignore_patterns("*.bell", "*.talk")
# The database more often than the rest: most of what a cell answers is there.
PLACES = ("cell.db", "cell.db", "cell.db", "cell.db-wal", "search.db", "files", "ledger/book")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cell as a kill leaves it: with a write-ahead log, all of it indexed."""
    folder = tmp_path_factory.mktemp("cell")
    asyncio.run(_live(make_site(folder / "live"), folder / "stopped"))
    return folder / "stopped"


async def _live(site: Site, target: Path) -> None:
    """Let people of a cell write, and copy its files while it runs."""
    async with running(site) as cell, edge_to(site) as edge:
        make = cell.provisioning
        specs = [PersonSpec(f"p{number}@example.com", f"P{number}") for number in range(PEOPLE)]
        persons = [person for person, _ in await make.create_persons("DE", specs)]
        team, general, _ = await make.create_workspace(WorkspaceSpec("W", "w", "", "", "DE", ("DE",), ("t",)))
        users = [
            UserSpec(person, f"p{number}", specs[number], "member", (), SCOPES)
            for number, person in enumerate(persons)
        ]
        added = await make.add_users(team, users)
        await make.create_channels(team, [ChannelSpec("room", True, added[0][0], (added[1][0],), "", "")])
        tokens = [token for _, token in added]
        for number in range(POSTS):
            await _post(edge, tokens[number % PEOPLE], team, general, f"number {number}")
        for number in range(FILES):
            await _upload(cell, edge, tokens[0], team, bytes([number]) * 20_000)
        for number in range(ENTRIES):
            await cell.stores.ledger.append([Entry({**SHOWN, "number": number}, {"a": "b"})])
        ends_s = time.monotonic() + WAIT_S
        while await cell.stores.index.positions() != {
            record.resident: record.head for record in await cell.stores.log.residents()
        }:
            assert time.monotonic() < ends_s, "all is indexed"
            await asyncio.sleep(0.05)
        shutil.copytree(site.folder, target, ignore=SOCKETS)


async def _post(edge: TestEdge, token: str, team: str, channel: str, text: str) -> None:
    posted = await edge.ask(
        "chat.postMessage", {"channel": channel, "text": text}, token=token, resident=team
    )
    assert posted["ok"], posted
    if int(text.split()[-1]) % 3 == 0:
        reaction = {"channel": channel, "timestamp": posted["ts"], "name": "eyes"}
        assert (await edge.ask("reactions.add", reaction, token=token, resident=team))["ok"]


async def _upload(cell: TestedCell, edge: TestEdge, token: str, team: str, data: bytes) -> None:
    asked = {"filename": "a.bin", "length": len(data)}
    offer = await edge.ask("files.getUploadURLExternal", asked, token=token, resident=team)

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    await cell.chat.files.store(team, offer["upload_url"].rpartition("/")[2], chunks())


def settings_of(folder: Path) -> CellSettings:
    """Settings of a copy of the cell."""
    environ = {"COLINK_NODE__DATA_DIR": str(folder / "data")}
    return load(CellSettings, folder / "config.toml", environ, folder / "secrets")


def findings_of(folder: Path) -> list[str]:
    """What the check says of a copy; a check that cannot be made is a finding."""
    try:
        return asyncio.run(verify(settings_of(folder)))
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


@pytest.mark.fault("F24")
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("damages", [40, pytest.param(200, marks=pytest.mark.long)])
def test_every_damage_that_changes_an_answer_is_found(
    stopped: Path, tmp_path: Path, fault: str, damages: int
) -> None:
    """Bits, ends, pages of log, views, index, uploads and ledger: the check finds it, or every answer from
    the files is the same as before.
    """
    began_s, dice = time.monotonic(), random.Random(damages)
    # Who opens and closes a database copies its log back, so that `whole` has none.
    shutil.copytree(stopped, whole := tmp_path / "whole")
    assert findings_of(whole) == []
    kept = set(answers(settings_of(whole)).items())
    assert ERROR not in {answer for _, answer in kept}
    found, missed = 0, []
    for number in range(damages):
        folder = tmp_path / str(number)
        place = PLACES[number % len(PLACES)]
        shutil.copytree(stopped if place == "cell.db-wal" else whole, folder)
        path = folder / "data" / place
        done = damage(path if path.is_file() else dice.choice(writable(path)), dice.choice(KINDS), dice)
        if findings_of(folder):
            found += 1
        elif wrong := sorted(set(answers(settings_of(folder)).items()) - kept):
            missed.append((done, wrong))
        shutil.rmtree(folder)
    campaign.record(
        fault, injected=damages, operations=damages * len(kept), violations=len(missed),
        seconds=time.monotonic() - began_s,
    )  # fmt: skip
    assert missed == []
    assert found > damages // 2, "damages that change nothing show nothing"


def program(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a cell's program on a copy of it, until it ends."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COLINK_")}
    environ |= {"COLINK_NODE__DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}
    environ |= {"COLINK_SECRETS_DIR": str(folder / "secrets")}
    keys = [
        {"attribute": name, "jurisdiction": "DE", "key_id": name, "key": b64url(bytes(32))}
        for name in ("email", "slug")
    ]
    (folder / "secrets" / "lookup_keys.json").write_text(json.dumps(keys))
    command = [sys.executable, "-P", "-m", "regional_cell", *arguments]
    return subprocess.run(
        [*command, "--config", str(folder / "config.toml")],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )


@pytest.mark.fault("F24")
def test_the_command_names_what_is_damaged(stopped: Path, tmp_path: Path, fault: str) -> None:
    """`python -m regional_cell verify`: 0 and `sound`, or 1 and a line for each finding."""
    folder = tmp_path / "cell"
    shutil.copytree(stopped, folder)
    done = program(folder, "verify")
    assert (done.returncode, done.stdout) == (0, "sound\n")
    with sqlite3.connect(folder / "data" / "cell.db") as connection:
        connection.execute("UPDATE residents SET subjects = '[\"US\"]' WHERE kind = 'T'")
    done = program(folder, "verify")
    assert done.returncode == 1
    assert "its record is not what its first event says" in done.stdout


@pytest.mark.fault("F24")
def test_a_cell_whose_log_lost_its_end_does_not_start(stopped: Path, tmp_path: Path, fault: str) -> None:
    """Commits at the end of the write-ahead log are gone, as if they had never been: the index has seen them,
    so the cell says so and ends with 2; it would write other messages in their place.
    """
    folder = tmp_path / "cell"
    shutil.copytree(stopped, folder)
    log = folder / "data" / "cell.db-wal"
    log.write_bytes(log.read_bytes()[: log.stat().st_size * 9 // 10])
    done = program(folder)
    assert done.returncode == 2
    assert "end before what was indexed" in done.stderr
    assert any("the log ends at" in finding for finding in findings_of(folder))
