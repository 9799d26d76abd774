"""The route table of a real edge process: directory away, journal, epochs, unknown residents."""

import asyncio
import signal
from pathlib import Path

from accord.ids import new_id
from accord.runtime.rpc_client import RETIRED_S
from tests.edge.support_fakes import placed, until
from tests.edge.support_world import World, running_world


async def test_an_edge_restarted_without_the_directory_serves_from_its_journal(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        world.directory.publish(placed(later := new_id("T"), world.second))
        await until(lambda: len(world.directory.acks) == 2)
        await world.stop_server("directory")
        assert (await world.api("auth.test", world.token()))[1]["cell"] == "de-fra"  # nothing happens at once
        await world.end_edge(signal.SIGKILL)
        await world.start_edge()
        assert (await world.api("auth.test", world.token()))[1]["cell"] == "de-fra"
        assert (await world.api("auth.test", world.token(later)))[1]["cell"] == "de-ham"
        # With the directory away nobody can say whether a stranger exists: 503, never another cell.
        status, body, headers = await world.api("auth.test", world.token(new_id("T")))
        assert (status, body["error"], headers["retry-after"]) == (503, "service_unavailable", "1")
        # When it is back, the watch goes on behind the last record.
        await world.serve_directory()
        world.directory.publish(placed(new_id("T"), world.home))
        await until(lambda: world.directory.starts[-1].last_hash)
        assert world.directory.nacks == []


async def test_watches_go_on_when_the_connection_of_the_old_certificate_is_closed(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        world.renew_certificate()
        await until(lambda: "own_certificate_renewed" in world.log())
        # What is under way on the old connection is given so long, and is closed then.
        await asyncio.sleep(RETIRED_S)
        await until(lambda: len(world.directory.starts) == 2)
        before = len(world.directory.acks)
        world.directory.publish(placed(later := new_id("T"), world.second))
        await until(lambda: len(world.directory.acks) > before)
        assert (await world.api("auth.test", world.token(later)))[1]["cell"] == "de-ham"


async def test_without_journal_and_without_directory_the_edge_is_not_ready(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        await world.start()
        await world.stop_server("directory")
        await world.start_edge(ready=False)
        await until(lambda: "edge_started" in world.log())
        status, body = await world.get("/readyz")
        assert (status, body) == (503, "bundle\nroutes\n")
        assert (await world.get("/livez"))[0] == 200
        # Without routes there are no keys: no token is proven.
        assert (await world.api("auth.test", world.token()))[1]["error"] == "invalid_auth"
    finally:
        await world.stop()


async def test_a_journal_broken_inside_stops_the_start_and_a_torn_end_is_dropped(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        world.directory.publish(placed(new_id("T"), world.second))
        await until(lambda: len(world.directory.acks) == 2)
        await world.stop_server("directory")
        await world.end_edge()
        file = world.folder / "edge" / "data" / "routes" / "journal"
        whole = file.read_bytes()
        file.write_bytes(whole + whole[:50])
        await world.start_edge()
        assert (await world.api("auth.test", world.token()))[0] == 200
        await world.end_edge()
        assert file.read_bytes() == whole
        file.write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
        await world.start_edge(ready=False)
        assert await world.wait_edge() == 2
        assert "journal is broken" in world.log()


async def test_residents_are_resolved_once_and_misses_kept(tmp_path: Path) -> None:
    async with running_world(tmp_path, routes={"miss_kept_s": 1}) as world:
        stranger, known, lowered = (new_id("T") for _ in range(3))
        world.directory.unwatched[known] = placed(known, world.second)
        assert (await world.api("auth.test", world.token(known)))[1]["cell"] == "de-ham"
        for _ in range(3):
            assert (await world.api("auth.test", world.token(stranger)))[1]["error"] == "invalid_auth"
        assert world.directory.resolved == [known, stranger]
        await asyncio.sleep(1.1)
        await world.api("auth.test", world.token(stranger))
        assert world.directory.resolved == [known, stranger, stranger]
        # A placement without its hand-over is refused: not ready, never believed.
        entry = placed(lowered, world.second)
        entry.handover = b"{}"
        world.directory.unwatched[lowered] = entry
        assert (await world.api("auth.test", world.token(lowered)))[0] == 503


async def test_a_directory_of_the_past_moves_nobody_back(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        world.directory.publish(placed(world.team, world.second, 2, world.home))
        await until(lambda: len(world.directory.acks) == 2)
        assert (await world.api("auth.test", world.token()))[1]["cell"] == "de-ham"
        # Restored from a backup, it sends everything anew, as it was.
        world.directory.placements[world.team] = placed(world.team, world.home, 1)
        world.directory.version = 1
        starts = len(world.directory.starts)
        await world.stop_server("directory")
        await world.serve_directory()
        await until(lambda: len(world.directory.starts) > starts and len(world.directory.acks) >= 3)
        assert (await world.api("auth.test", world.token()))[1]["cell"] == "de-ham"
        await world.end_edge()
        await world.start_edge()
        assert (await world.api("auth.test", world.token()))[1]["cell"] == "de-ham"


async def test_an_entry_without_proof_is_refused_with_its_batch_and_the_watch_goes_on(tmp_path: Path) -> None:
    async with running_world(tmp_path) as world:
        forged = placed(world.team, world.second, 2, world.home)
        forged.handover = placed(world.team, world.home).handover
        held = world.directory.placements[world.team]
        world.directory.publish(forged)
        await until(lambda: "handover" in world.directory.nacks)
        assert (await world.api("auth.test", world.token()))[1]["cell"] == "de-fra"
        world.directory.placements[world.team] = held
        world.directory.publish(placed(fine := new_id("T"), world.second))
        await until(lambda: len(world.directory.acks) >= 2)
        assert (await world.api("auth.test", world.token(fine)))[1]["cell"] == "de-ham"
