"""Methods answer alike in every encoding, refusals alike at every edge, with the headers of the contract."""

import json
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.support.clients import Plain, async_web, fields_of, legacy_web, web
from tests.support.federation import RunningDemo
from tests.support.method_calls import CALLS
from tests.support.method_facts import Facts, outline, shape
from tests.support.rooms import Person

EDGES = ("fra", "iad", "bom")

UNKNOWN = ("chat.postmessage", "no.such.method", "users", "admin.teams.create", "views.open", "calls.add")


@pytest.fixture
def facts(demo: RunningDemo, anna: Person, jonas: Person) -> Facts:
    return Facts(demo, anna, jonas)


@pytest.mark.parametrize("method", [name for name, call in CALLS.items() if not call.refusal])
async def test_a_method_is_answered_alike_in_every_encoding(
    demo: RunningDemo, facts: Facts, method: str
) -> None:
    call, edge = CALLS[method], demo.edge("iad")
    token = facts.token(call)
    if call.before:
        web(edge, token).api_call(method, json=facts.filled(call.arguments))
    form = web(edge, token).api_call(method, params=_flat(facts, method)).data
    body = web(edge, token).api_call(method, json=facts.filled(call.arguments)).data
    query = (await async_web(edge, token).api_call(method, params=_flat(facts, method))).data
    outlines: dict[str, Any] = {}
    for encoding, answer in (("form", form), ("json", body), ("query", query)):
        assert isinstance(answer, dict)
        outlines[encoding] = outline(call, answer)
    if method == "api.test":
        outlines["json"]["args"].pop("token", None)
    assert outlines["form"] == outlines["json"] == outlines["query"]


def _flat(facts: Facts, method: str) -> dict[str, Any]:
    """What clients put into forms and queries: texts and numbers."""
    filled = facts.filled(CALLS[method].arguments)
    return {
        name: json.dumps(value) if isinstance(value, dict | list) else int(value) if value is True else value
        for name, value in filled.items()
    }


@pytest.mark.parametrize("name", EDGES)
async def test_an_unknown_method_is_unknown_to_every_client(
    demo: RunningDemo, anna: Person, name: str
) -> None:
    edge = demo.edge(name)
    for method in UNKNOWN:
        with pytest.raises(SlackApiError) as refused:
            web(edge, anna.token).api_call(method)
        assert refused.value.response["error"] == "unknown_method"
        with pytest.raises(SlackApiError) as refused:
            await async_web(edge, anna.token).api_call(method)
        assert refused.value.response["error"] == "unknown_method"


@pytest.mark.parametrize("method", [name for name, call in CALLS.items() if call.refusal])
def test_a_refusal_is_the_same_at_every_edge(demo: RunningDemo, anna: Person, method: str) -> None:
    bodies = set()
    for name in EDGES:
        with Plain(demo.edge(name), anna.token) as plain:
            answer = plain.patient(method, **CALLS[method].arguments)
            bodies.add((answer.status, answer.error))
    assert bodies == {(200, CALLS[method].refusal)}


def test_the_first_generation_of_the_client_is_answered_alike(demo: RunningDemo, anna: Person) -> None:
    edge = demo.edge("iad")
    general = demo.workspace("acme")["channels"]["general"]
    old = legacy_web(edge, anna.token)
    assert shape(fields_of(old.users_info(user=anna.user))) == shape(
        fields_of(web(edge, anna.token).users_info(user=anna.user))
    )
    posted = fields_of(old.chat_postMessage(channel=general, text="hello", as_user=True))
    assert posted["message"]["user"] == anna.user


def test_every_answer_carries_the_headers_of_the_contract(demo: RunningDemo, anna: Person) -> None:
    with Plain(demo.edge("bom"), anna.token) as plain:
        first, second = plain.call("auth.test"), plain.call("auth.test")
    for answer in (first, second):
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["cache-control"] == "private, no-cache, no-store"
        assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")
        assert "x-accepted-oauth-scopes" in answer.headers
        assert answer.headers["x-cell"] == "de-fra"
    assert first.headers["x-slack-req-id"] != second.headers["x-slack-req-id"]
