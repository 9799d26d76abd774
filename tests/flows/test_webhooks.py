"""Incoming webhooks as their owners use them: official clients, through every edge, ended by an admin."""

import httpx2
import pytest
from slack_sdk.webhook import WebhookClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.support.clients import Plain
from tests.support.federation import RunningDemo
from tests.support.rooms import Person, person
from tests.support.sockets import open_socket
from tests.support.waiting import until

EDGES = ("fra", "iad", "bom")


def at(demo: RunningDemo, edge: str, url: str) -> str:
    """The same address at another edge."""
    return str(demo.edge(edge)["url"]) + url[url.index("/services/") :]


@pytest.mark.parametrize("name", EDGES)
async def test_the_official_clients_post_as_the_app_through_every_edge(
    demo: RunningDemo, anna: Person, name: str
) -> None:
    workspace, app = demo.workspace("acme"), demo.app("acme")
    general, url = workspace["channels"]["general"], at(demo, name, workspace["incoming_webhook_url"])
    with open_socket(demo.edge("fra"), anna.token) as socket:
        for number, sent in enumerate(
            (
                WebhookClient(url).send(text=f"from {name} 0"),
                await AsyncWebhookClient(url).send(text=f"from {name} 1"),
            )
        ):
            assert (sent.status_code, sent.body) == (200, "ok")
            heard = socket.message(f"from {name} {number}")
            assert (heard["channel"], heard["subtype"], heard["app_id"]) == (
                general, "bot_message", app["app_id"],
            )  # fmt: skip
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{name}*"}}]
    assert WebhookClient(url).send(text="with blocks", blocks=blocks).body == "ok"
    with Plain(demo.edge("iad"), anna.token) as plain:
        newest = plain.done("conversations.history", channel=general, limit=1)["messages"][0]
    assert newest["blocks"][0]["text"]["text"] == f"*{name}*"
    refused = WebhookClient(url).send(text="")
    assert (refused.status_code, refused.body) == (400, "no_text")


def test_an_admin_makes_a_webhook_and_ends_it_at_once_everywhere(demo: RunningDemo, anna: Person) -> None:
    admin, general = person(demo, "acme", "admin"), demo.workspace("acme")["channels"]["general"]
    app = demo.app("acme")["app_id"]
    with Plain(demo.edge("bom"), admin.token) as plain:
        made = plain.done("ext.webhooks.create", app=app, channel=general)["webhook"]
        assert made["url"].startswith(demo.edge("bom")["url"])
        for name in EDGES:
            assert WebhookClient(at(demo, name, made["url"])).send(text=name).body == "ok"
        plain.done("ext.webhooks.remove", webhook=made["id"])
        for name in EDGES:
            gone = WebhookClient(at(demo, name, made["url"])).send(text=name)
            assert (gone.status_code, gone.body) == (404, "no_active_hooks")
    with Plain(demo.edge("bom"), anna.token) as plain:
        assert plain.patient("ext.webhooks.list").error == "missing_scope"


def test_addresses_that_open_nothing_are_refused_alike(demo: RunningDemo) -> None:
    url = demo.workspace("acme")["incoming_webhook_url"]
    other = demo.workspace("globex")["incoming_webhook_url"]
    team, bot, secret = url.split("/services/")[1].split("/")
    foreign = other.split("/services/")[1].split("/")[0]
    tried = (f"{team}/{bot}/{'0' * 28}", f"{foreign}/{bot}/{secret}", f"T000000000000/{bot}/{secret}")
    answers = set()
    for path in tried:
        sent = httpx2.post(f"{demo.edge('fra')['url']}/services/{path}", json={"text": "x"})
        answers.add((sent.status_code, sent.text))
    assert answers == {(404, "no_service")}


def test_a_message_of_a_webhook_is_found_like_any_other(demo: RunningDemo, anna: Person) -> None:
    url = demo.workspace("acme")["incoming_webhook_url"]
    assert WebhookClient(url).send(text="the zeppelin landed").body == "ok"
    with Plain(demo.edge("fra"), anna.token) as plain:
        until(lambda: plain.done("search.messages", query="zeppelin")["messages"]["total"], 60, "indexed")
