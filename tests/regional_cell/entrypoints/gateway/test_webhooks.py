"""The door of incoming webhooks: payloads in every form, answers with their status, posting as the bot."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest

from accord.wire.cell.v1 import gateway_pb2 as wire
from regional_cell.entrypoints.web_api.limits import RateLimits
from regional_cell.entrypoints.web_api.lost import digest_of_parts
from tests.regional_cell.edges import TestEdge, edge_to
from tests.regional_cell.entrypoints.gateway.conftest import SCOPES, Town
from tests.support.attacks import FORM, MULTIPART, attacks, forms, multiparts

JSON, TEXT = "application/json", "text/plain"
SIZE = 60_000


@dataclass
class Hook:
    """A webhook of the town's app to its room."""

    town: Town
    edge: TestEdge
    app: str
    bot: str
    bot_user: str
    secret: str

    async def post(self, body: Any, kind: str = JSON, **changed: str) -> tuple[int, str]:
        """Status and text of the answer; a body that is no text goes as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        query = urlencode({"bot": self.bot, "secret": self.secret} | changed).encode()
        answer = await self.raw(data, kind, query)
        return answer.status, answer.body.decode()

    async def raw(self, data: bytes, kind: str, query: bytes) -> wire.Answer:
        """The whole answer."""
        answer = await self.edge.call(
            "webhook", resident=self.town.team, content_type=kind, query=query, data=data
        )
        assert {h.name: h.value for h in answer.headers}["content-type"] == "text/plain; charset=utf-8"
        return answer

    async def said(self) -> list[dict[str, Any]]:
        """The messages of the room, newest first, without notices."""
        who = {"token": self.town.tokens[0], "resident": self.town.team}
        answer = await self.edge.ask("conversations.history", {"channel": self.town.room}, **who)
        return [message for message in answer["messages"] if "_join" not in message.get("subtype", "")]


@pytest.fixture
async def hook(town: Town) -> AsyncIterator[Hook]:
    scopes = (*SCOPES, "incoming-webhook")
    app = await town.cell.provisioning.install_app(town.team, "Lamp", scopes, (), town.room)
    async with edge_to(town.site) as edge:
        yield Hook(town, edge, app.app, app.bot, app.bot_user, app.webhook_path.rpartition("/")[2])


PAYLOADS = [
    (JSON, b'{"text":"as JSON"}', "as JSON"),
    ("application/json; charset=utf-8", b' {"text":"with blanks"}\n', "with blanks"),
    (FORM, urlencode({"payload": '{"text":"in a form"}'}).encode(), "in a form"),
    (FORM, b'{"text":"said to be a form"}', "said to be a form"),
    (TEXT, b'{"text":"said to be text"}', "said to be text"),
    (TEXT, b"plain words", "plain words"),
    ("", b'{"text":"without a type"}', "without a type"),
]


async def test_every_form_of_payload_is_posted(hook: Hook) -> None:
    for kind, body, _ in PAYLOADS:
        assert await hook.post(body, kind) == (200, "ok"), body
    assert [message["text"] for message in await hook.said()] == [text for _, _, text in reversed(PAYLOADS)]


async def test_a_message_is_the_bots_with_all_that_the_payload_says(hook: Hook) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "*done*"}}
    payload = {
        "text": "hello", "blocks": [block], "attachments": [{"text": "more", "color": "#00ff00"}],
        "metadata": {"event_type": "built", "event_payload": {"n": 1}}, "unfurl_links": False,
        "channel": "#elsewhere", "username": "ignored",
    }  # fmt: skip
    assert await hook.post(payload) == (200, "ok")
    (message,) = await hook.said()
    assert (message["subtype"], message["user"], message["bot_id"], message["app_id"]) == (
        "bot_message", hook.bot_user, hook.bot, hook.app,
    )  # fmt: skip
    assert message["blocks"][0]["text"]["text"] == "*done*"
    assert message["attachments"][0]["color"] == "00ff00"
    assert "username" not in message
    answered = {"text": "an answer", "thread_ts": message["ts"]}
    assert await hook.post(answered) == (200, "ok")
    (message,) = await hook.said()
    assert message["reply_count"] == 1


FAULTS = [
    (b"", JSON, "invalid_payload"), (b"{", JSON, "invalid_payload"), (b"[1]", JSON, "invalid_payload"),
    (b"null", JSON, "invalid_payload"), (b"\xff\xfe", TEXT, "invalid_payload"),
    (b"", TEXT, "invalid_payload"), (b"payload=%7B", FORM, "invalid_payload"),
    (b"text=hello", FORM, "invalid_payload"), (b"hello", "image/png", "invalid_payload"),
    (b'{"text":7}', JSON, "invalid_payload"), (b'{"text":"\\ud800"}', JSON, "invalid_payload"),
    (b"[" * 9_000, JSON, "invalid_payload"), (b'{"a":' * 99 + b"1" + b"}" * 99, JSON, "invalid_payload"),
    (b"{}", JSON, "no_text"), (b'{"text":"  "}', JSON, "no_text"),
    (b'{"text":"x","thread_ts":"soon"}', JSON, "invalid_thread_ts"),
    (b'{"blocks":"many"}', JSON, "invalid_blocks"), (b'{"blocks":[{"a":1}]}', JSON, "invalid_blocks"),
    (b'{"attachments":[1]}', JSON, "invalid_attachments"),
    (json.dumps({"attachments": [{"text": "x"}] * 101}).encode(), JSON, "too_many_attachments"),
    (b'{"text":"x","metadata":{"event_type":1}}', JSON, "invalid_arguments"),
]  # fmt: skip


async def test_what_cannot_be_posted_is_400_and_posts_nothing(hook: Hook) -> None:
    for body, kind, expected in FAULTS:
        assert await hook.post(body, kind) == (400, expected), body[:60]
    assert await hook.said() == []


async def test_a_text_beyond_the_limit_is_cut_as_everywhere(hook: Hook) -> None:
    assert await hook.post({"text": "x" * 50_000}) == (200, "ok")
    (message,) = await hook.said()
    assert len(message["text"]) == 40_000


async def test_without_the_secret_of_an_open_webhook_there_is_no_service(hook: Hook) -> None:
    assert await hook.post({"text": "x"}, secret="0" * 28) == (404, "no_service")
    assert await hook.post({"text": "x"}, bot="B000000000000") == (404, "no_service")
    assert await hook.post({"text": "x"}, secret="") == (404, "no_service")
    answer = await hook.edge.call("webhook", resident="T000000000000", content_type=JSON, data=b"{}")
    assert (answer.status, answer.body) == (404, b"no_service")
    webhooks = hook.town.cell.chat.webhooks
    state, _ = await webhooks.find(hook.town.team, hook.bot, hook.secret)
    ((webhook,),) = state.rows["webhooks"]
    await webhooks.remove(hook.town.team, None, webhook)
    assert await hook.post({"text": "x"}) == (404, "no_active_hooks")
    assert await hook.said() == []


async def test_an_archived_channel_is_gone_and_a_bot_that_was_removed_may_not_post(hook: Hook) -> None:
    town = hook.town

    async def done(method: str, **arguments: str) -> dict[str, Any]:
        answer = await hook.edge.ask(method, arguments, token=town.tokens[0], resident=town.team)
        assert answer["ok"], answer
        return answer

    await done("conversations.archive", channel=town.room)
    assert await hook.post({"text": "x"}) == (410, "channel_is_archived")
    await done("conversations.unarchive", channel=town.room)
    await done("conversations.kick", channel=town.room, user=hook.bot_user)
    assert await hook.post({"text": "x"}) == (404, "channel_not_found")
    public = (await done("conversations.create", name="public"))["channel"]["id"]
    made = await town.cell.chat.webhooks.create(town.team, None, hook.app, public)
    secret = made.path.rpartition("/")[2]
    assert await hook.post({"text": "x"}, secret=secret) == (200, "ok")
    await done("conversations.kick", channel=public, user=hook.bot_user)
    assert await hook.post({"text": "x"}, secret=secret) == (403, "action_prohibited")


async def test_a_payload_whose_answer_was_lost_is_answered_again_and_not_posted_twice(hook: Hook) -> None:
    query = urlencode({"bot": hook.bot, "secret": hook.secret}).encode()
    data = b'{"text":"once"}'
    answer = await hook.raw(data, JSON, query)
    await hook.edge.send(wire.EdgeFrame(answer_lost=wire.AnswerLost(id=answer.id)))
    assert (await hook.raw(data, JSON, query)).body == b"ok"
    assert len(await hook.said()) == 1
    assert (await hook.raw(data, JSON, query)).body == b"ok"
    assert len(await hook.said()) == 2
    assert digest_of_parts("webhook", "a", JSON, b"", data) != digest_of_parts(
        "webhook", "b", JSON, b"", data
    )


async def test_a_webhook_that_comes_too_often_waits(hook: Hook) -> None:
    hook.town.cell.exchange.calls._webhook_door._limits = RateLimits("default", hook.town.cell.clock)
    statuses = {(await hook.post({"text": "x"}))[0] for _ in range(60)}
    query = urlencode({"bot": hook.bot, "secret": hook.secret}).encode()
    answer = await hook.raw(b'{"text":"x"}', JSON, query)
    assert statuses == {200}
    assert (answer.status, answer.body) == (429, b"ratelimited")
    assert 1 <= int({h.name: h.value for h in answer.headers}["retry-after"]) <= 60


async def test_every_attack_on_a_payload_in_any_form_is_refused_or_posted_as_meant(hook: Hook) -> None:
    fields = {"text": "x", "thread_ts": "1.000001", "blocks": [], "attachments": [], "metadata": {}}
    payload = {"payload": json.dumps({"text": "x"})}
    tried = refused = 0
    for kind, body in (
        *((JSON, attack.body) for attack in attacks(fields, SIZE)),
        *((TEXT, attack.body) for attack in attacks({"text": "x"}, SIZE)),
        *((FORM, b"payload=" + quote_from_bytes(attack.body).encode()) for attack in attacks(fields, SIZE)),
        *((FORM, attack.body) for attack in forms(payload, SIZE)),
        *((MULTIPART, attack.body) for attack in multiparts(payload, SIZE)),
    ):
        status, said = await hook.post(body, kind)
        typed = status in (400, 404) and said.replace("_", "").isalnum()
        assert (status, said) == (200, "ok") or typed, (status, said, body[:80])
        tried, refused = tried + 1, refused + typed
    assert tried > 700
    assert refused > tried // 2
    assert await hook.post({"text": "afterwards"}) == (200, "ok")
    assert (await hook.said())[0]["text"] == "afterwards"
