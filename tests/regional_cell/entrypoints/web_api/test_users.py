"""`users.*`: lists, look-ups, profiles."""

from dataclasses import replace

import pytest

from tests.regional_cell.entrypoints.web_api.support_cell import ANN, BOB, BOT, BOT_USER, GUS, TEAM, Cell


async def test_the_list_has_everybody_and_the_system_user_first(cell: Cell) -> None:
    body = await cell.ok(BOB, "users.list")
    assert body["members"][0]["id"] == "USLACKBOT"
    assert {user["name"] for user in body["members"]} == {
        "slackbot",
        "ann",
        "bob",
        "cid",
        "gus",
        "deploy-bot",
    }
    assert isinstance(body["cache_ts"], int)
    bot = next(user for user in body["members"] if user["id"] == BOT_USER)
    assert (bot["is_bot"], bot["profile"]["bot_id"]) == (True, BOT)


async def test_a_user_is_found_by_address_in_any_case(cell: Cell) -> None:
    assert (await cell.ok(ANN, "users.lookupByEmail", email="BOB@acme.example"))["user"]["id"] == BOB
    assert await cell.error(ANN, "users.lookupByEmail", email="x@acme.example") == "users_not_found"
    assert await cell.error(GUS, "users.lookupByEmail", email="bob@acme.example") == "users_not_found"


async def test_addresses_are_for_those_who_may_see_them(cell: Cell) -> None:
    full = (await cell.ok(ANN, "users.info", user=BOB))["user"]
    assert full["profile"]["email"] == "bob@acme.example"
    assert "locale" not in full
    assert (await cell.ok(ANN, "users.info", user=BOB, include_locale=1))["user"]["locale"] == "en-US"
    poor = replace(cell.caller(ANN), scopes=frozenset({"users:read"}))
    assert "email" not in (await cell.ok(poor, "users.info", user=BOB))["user"]["profile"]


async def test_roles_and_organisation_are_on_the_user(cell: Cell) -> None:
    user = (await cell.ok(BOB, "users.info", user=ANN))["user"]
    assert (user["is_admin"], user["is_owner"], user["is_primary_owner"]) == (True, True, True)
    assert user["tz_offset"] == 3_600
    assert user["enterprise_user"]["teams"] == [TEAM]
    assert await cell.error(ANN, "users.info", user="U0000000000XX") == "user_not_found"


async def test_a_profile_changes_for_all_to_see(cell: Cell) -> None:
    body = await cell.ok(BOB, "users.profile.set", profile={"status_text": "away", "status_emoji": ":tea:"})
    assert (body["profile"]["status_text"], body["username"]) == ("away", "bob")
    assert [kind for _, kind in cell.recorder.types()] == [
        "user_change",
        "user_profile_changed",
        "user_status_changed",
    ]
    assert "email" not in cell.recorder.heard[0][1]["user"]["profile"]
    cell.recorder.heard.clear()
    await cell.ok(BOB, "users.profile.set", name="title", value="Engineer")
    assert [kind for _, kind in cell.recorder.types()] == ["user_change", "user_profile_changed"]
    assert (await cell.ok(ANN, "users.profile.get", user=BOB))["profile"]["title"] == "Engineer"
    cell.recorder.heard.clear()
    await cell.ok(BOB, "users.profile.set", name="title", value="Engineer")
    assert cell.recorder.heard == []


@pytest.mark.parametrize(
    ("who", "arguments", "code"),
    [
        (BOB, {}, "invalid_profile"),
        (BOB, {"profile": "no json"}, "invalid_profile"),
        (BOB, {"profile": {"title": 3}}, "invalid_profile"),
        (BOB, {"profile": {"status_expiration": "soon"}}, "invalid_profile"),
        (BOB, {"profile": {"status_text": "x" * 101}}, "too_long"),
        (BOB, {"profile": {"display_name": "Everyone"}}, "reserved_name"),
        (BOB, {"profile": {"title": "x"}, "user": ANN}, "not_admin"),
        (ANN, {"profile": {"title": "x"}, "user": "U0000000000XX"}, "user_not_found"),
        (BOT_USER, {"profile": {"title": "x"}}, "not_allowed_token_type"),
    ],
)
async def test_a_profile_that_cannot_be_set_says_why(
    cell: Cell, who: str, arguments: dict[str, object], code: str
) -> None:
    assert await cell.error(who, "users.profile.set", **arguments) == code


async def test_an_admin_may_set_others_but_not_the_owner(cell: Cell) -> None:
    await cell.ok(ANN, "users.profile.set", user=BOB, profile={"title": "Lead"})
    admin = replace(cell.caller(BOB), role="admin")
    assert await cell.error(admin, "users.profile.set", user=ANN, profile={"title": "x"}) == (
        "cannot_update_admin_user"
    )
