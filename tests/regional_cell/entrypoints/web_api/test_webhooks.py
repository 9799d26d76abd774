"""Incoming webhooks through the API: who may make and end them, and what is told of them."""

import re
from dataclasses import replace

from regional_cell.domain.commands.webhooks import digest_of
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    APP,
    BOB,
    BOT,
    BOT_USER,
    GENERAL,
    GUS,
    RANDOM,
    SECRET,
    TEAM,
    Cell,
)


async def made(cell: Cell, channel: str = GENERAL) -> tuple[str, str]:
    """A webhook: what names it, and its secret."""
    answer = (await cell.ok(ANN, "ext.webhooks.create", app=APP, channel=channel))["webhook"]
    return answer["id"], answer["url"].rpartition("/")[2]


async def test_an_address_is_told_once_and_the_log_knows_the_digest_alone(cell: Cell) -> None:
    answer = (await cell.ok(ANN, "ext.webhooks.create", app=APP, channel=GENERAL))["webhook"]
    secret = answer.pop("url").rpartition("/")[2]
    assert re.fullmatch("[0-9A-Z]{28}", secret)
    assert answer["id"] == digest_of(secret)
    listed = (await cell.ok(ANN, "ext.webhooks.list"))["webhooks"]
    assert listed == [answer]
    assert (answer["app_id"], answer["bot_id"], answer["creator"]) == (APP, BOT, ANN)
    events = await cell.commits.read(TEAM, 0, 1_000)
    assert not any(secret in str(event.payload) for event in events)


async def test_admins_alone_make_list_and_end_webhooks(cell: Cell) -> None:
    webhook, _ = await made(cell)
    for user in (BOB, GUS):
        for method, arguments in (
            ("ext.webhooks.create", {"app": APP, "channel": GENERAL}),
            ("ext.webhooks.list", {}),
            ("ext.webhooks.remove", {"webhook": webhook}),
        ):
            assert await cell.error(user, method, **arguments) == "not_an_admin"
    assert await cell.error(BOT_USER, "ext.webhooks.list") == "not_allowed_token_type"
    poor = replace(cell.caller(ANN), scopes=frozenset({"chat:write"}))
    assert await cell.error(poor, "ext.webhooks.list") == "missing_scope"


async def test_what_a_webhook_cannot_be_made_for_is_named(cell: Cell) -> None:
    create = "ext.webhooks.create"
    assert await cell.error(ANN, create, channel=GENERAL) == "app_not_found"
    assert await cell.error(ANN, create, app="A00000000000X", channel=GENERAL) == "app_not_found"
    assert await cell.error(ANN, create, app=APP, channel="C00000000000X") == "channel_not_found"
    direct = (await cell.ok(ANN, "conversations.open", users=BOB))["channel"]["id"]
    refused = await cell.error(ANN, create, app=APP, channel=direct)
    assert refused == "method_not_supported_for_channel_type"
    await cell.ok(ANN, "conversations.archive", channel=RANDOM)
    assert await cell.error(ANN, create, app=APP, channel=RANDOM) == "is_archived"
    assert await cell.error(ANN, "ext.webhooks.remove", webhook="nothing") == "webhook_not_found"


async def test_the_bot_joins_the_channel_and_everybody_there_is_told(cell: Cell) -> None:
    await made(cell, SECRET)
    assert (SECRET, "member_joined_channel") in cell.recorder.types()
    assert BOT_USER in (await cell.ok(ANN, "conversations.members", channel=SECRET))["members"]
    cell.recorder.heard.clear()
    await made(cell, SECRET)
    assert cell.recorder.types() == []


async def test_an_ended_webhook_is_listed_no_more_and_ends_once(cell: Cell) -> None:
    first, _ = await made(cell)
    second, _ = await made(cell)
    await cell.ok(ANN, "ext.webhooks.remove", webhook=first)
    head = (await cell.commits.state(TEAM)).head
    await cell.ok(ANN, "ext.webhooks.remove", webhook=first)
    assert (await cell.commits.state(TEAM)).head == head
    assert [row["id"] for row in (await cell.ok(ANN, "ext.webhooks.list"))["webhooks"]] == [second]
