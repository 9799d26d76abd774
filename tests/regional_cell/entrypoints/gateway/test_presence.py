"""Presence and ephemeral messages over a real stream: sockets ask, and hear of those they may."""

from tests.regional_cell.edges import edge_to
from tests.regional_cell.entrypoints.gateway.conftest import Town


async def test_a_socket_asks_for_presence_and_hears_of_changes(town: Town) -> None:
    ann, ben, cleo = town.users
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.say(1, type="presence_sub", ids=[ben, cleo])
        await edge.until(lambda: len(edge.of(1, "presence_change")) == 2)
        assert {frame["user"]: frame["presence"] for frame in edge.of(1, "presence_change")} == {
            ben: "away",
            cleo: "away",
        }
        await edge.open_socket(2, town.tokens[1], town.team)
        await edge.until(lambda: len(edge.of(1, "presence_change")) == 3)
        assert edge.of(1, "presence_change")[-1] == {
            "type": "presence_change", "presence": "active", "user": ben,
        }  # fmt: skip
        await edge.say(2, type="tickle")
        await edge.say(2, type="presence_query", ids=[ann])
        await edge.until(lambda: edge.of(2, "presence_change"))
        assert edge.of(2, "presence_change")[0]["user"] == ann
        shown = await edge.ask("users.getPresence", {"user": ben}, token=town.tokens[2], resident=town.team)
        assert (shown["ok"], shown["presence"]) == (True, "active")


async def test_a_client_that_takes_batches_gets_them(town: Town) -> None:
    ann, ben, cleo = town.users
    async with edge_to(town.site) as edge:
        asked = {"batch_presence_aware": True}
        answer = await edge.ask("rtm.connect", asked, token=town.tokens[0], resident=town.team)
        await edge.open_with(1, answer["url"].rpartition("/")[2])
        await edge.say(1, type="presence_sub", ids=[ann, ben, cleo])
        await edge.until(lambda: len(edge.of(1, "presence_change")) == 2)
        told = {frame["presence"]: frame["users"] for frame in edge.of(1, "presence_change")}
        assert told == {"active": [ann], "away": sorted([ben, cleo])}


async def test_what_is_no_list_of_users_is_refused_and_closes_nothing(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        refused: list[object] = [{}, "x", [1], [None], 7]
        for number, ids in enumerate(refused):
            await edge.say(1, type="presence_sub", id=number, ids=ids)
        await edge.until(lambda: len(errors(edge.heard[1])) == len(refused))
        await edge.say(1, type="presence_query", ids=["x" * 5_000, "U00000000000X", "", town.users[0]])
        await edge.until(lambda: edge.of(1, "presence_change"))
        assert [frame["user"] for frame in edge.of(1, "presence_change")] == [town.users[0]]
        assert edge.closed(1) is None


def errors(frames: list[dict[str, object]]) -> list[dict[str, object]]:
    return [frame for frame in frames if frame.get("ok") is False]


async def test_an_ephemeral_message_reaches_all_sockets_of_its_user_and_no_other(town: Town) -> None:
    ben = town.users[1]
    async with edge_to(town.site) as edge, edge_to(town.site, "ber") as other:
        await edge.open_socket(1, town.tokens[0], town.team)
        await edge.open_socket(2, town.tokens[1], town.team)
        await other.open_socket(1, town.tokens[1], town.team)
        await other.open_socket(2, town.tokens[2], town.team)
        said = {"channel": town.room, "user": ben, "text": "psst"}
        answer = await edge.ask("chat.postEphemeral", said, token=town.tokens[0], resident=town.team)
        assert answer["ok"], answer
        await edge.until(lambda: edge.of(2, "message"))
        await other.until(lambda: other.of(1, "message"))
        for frame in (*edge.of(2, "message"), *other.of(1, "message")):
            assert (frame["text"], frame["is_ephemeral"], frame["ts"]) == ("psst", True, answer["message_ts"])
        await edge.ask(
            "chat.postMessage",
            {"channel": town.room, "text": "loud"},
            token=town.tokens[0],
            resident=town.team,
        )
        await edge.until(lambda: edge.of(1, "message"))
        assert [frame["text"] for frame in edge.of(1, "message")] == ["loud"]
        assert other.of(2, "message") == []


async def test_who_is_away_by_hand_hears_it_on_all_sockets(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        answer = await edge.ask(
            "users.setPresence", {"presence": "away"}, token=town.tokens[0], resident=town.team
        )
        assert answer == {"ok": True}
        await edge.until(lambda: edge.of(1, "manual_presence_change"))
        own = await edge.ask("users.getPresence", {}, token=town.tokens[0], resident=town.team)
        assert (own["presence"], own["online"], own["manual_away"]) == ("away", True, True)
