"""Lists can be walked in pages of one: nothing is left out, nothing comes twice, at whichever edge."""

import itertools
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.support.clients import Plain, fields_of, web
from tests.support.federation import RunningDemo
from tests.support.rooms import Person, room

PAGES_MAX = 60


def walk(clients: list[WebClient], method: str, **arguments: Any) -> list[dict[str, Any]]:
    """Every page of a list, each asked from the next of the clients."""
    pages: list[dict[str, Any]] = []
    cursor = ""
    for client in itertools.islice(itertools.cycle(clients), PAGES_MAX):
        page = client.api_call(method, json={**arguments, "limit": 1, "cursor": cursor})
        pages.append(fields_of(page))
        cursor = (pages[-1].get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return pages
    raise AssertionError(f"{method} does not end")


def clients(demo: RunningDemo, token: str) -> list[WebClient]:
    return [web(demo.edge(name), token) for name in ("fra", "iad", "bom")]


def test_people_in_pages_of_one_are_all_people(demo: RunningDemo) -> None:
    token = demo.person("globex", "admin")["token"]
    pages = walk(clients(demo, token), "users.list")
    listed = [member["id"] for page in pages for member in page["members"]]
    whole = web(demo.edge("iad"), token).users_list()["members"]
    assert listed == [member["id"] for member in whole]
    assert len(set(listed)) == len(listed)
    assert {person["user_id"] for person in demo.people("globex")} <= set(listed)
    assert all(len(page["members"]) <= 1 for page in pages)


def test_channels_and_members_in_pages_of_one_are_all_of_them(demo: RunningDemo) -> None:
    token = demo.person("globex")["token"]
    types = {"types": "public_channel,private_channel"}
    pages = walk(clients(demo, token), "conversations.list", **types)
    listed = [channel["id"] for page in pages for channel in page["channels"]]
    assert len(set(listed)) == len(listed)
    assert set(listed) >= set(demo.workspace("globex")["channels"].values())
    general = demo.workspace("globex")["channels"]["general"]
    pages = walk(clients(demo, token), "conversations.members", channel=general)
    members = [member for page in pages for member in page["members"]]
    assert len(set(members)) == len(members)
    whole = web(demo.edge("iad"), token).conversations_members(channel=general, limit=900)["members"]
    assert members == whole


def test_messages_and_replies_in_pages_of_one_are_all_of_them(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    client = web(demo.edge("fra"), anna.token)
    posted = [client.chat_postMessage(channel=channel, text=f"{n}")["ts"] for n in range(5)]
    replies = [
        client.chat_postMessage(channel=channel, text=f"reply {n}", thread_ts=posted[2])["ts"]
        for n in range(4)
    ]
    pages = walk(clients(demo, anna.token), "conversations.history", channel=channel)
    shown = [message["ts"] for page in pages for message in page["messages"] if "subtype" not in message]
    assert shown == posted[::-1]
    assert [page["has_more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    pages = walk(clients(demo, anna.token), "conversations.replies", channel=channel, ts=posted[2])
    answers = [message["ts"] for page in pages for message in page["messages"][1:]]
    assert answers == replies
    assert all(page["messages"][0]["ts"] == posted[2] for page in pages), "the root is in every page"


def test_a_window_of_history_has_the_bounds_that_were_asked_for(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    client = web(demo.edge("bom"), anna.token)
    posted = [client.chat_postMessage(channel=channel, text=f"{n}")["ts"] for n in range(5)]

    def window(**bounds: Any) -> list[str]:
        shown = client.conversations_history(channel=channel, **bounds)["messages"]
        return [message["ts"] for message in shown][::-1]

    assert window(oldest=posted[1], latest=posted[3]) == posted[2:3]
    assert window(oldest=posted[1], latest=posted[3], inclusive=True) == posted[1:4]
    assert window(oldest=posted[1], limit=2) == posted[2:4]
    assert window(latest=posted[3], limit=2) == posted[1:3]


def test_a_cursor_is_good_for_its_own_list_and_token_only(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    general = demo.workspace("acme")["channels"]["general"]
    with Plain(demo.edge("fra"), anna.token) as hers, Plain(demo.edge("fra"), jonas.token) as his:
        page = hers.done("conversations.list", limit=1)
        cursor = page["response_metadata"]["next_cursor"]
        assert hers.call("conversations.members", channel=general, cursor=cursor).error == "invalid_cursor"
        assert his.call("conversations.list", limit=1, cursor=cursor).error == "invalid_cursor"
        assert hers.call("conversations.list", limit=1, cursor=cursor[:-2]).error == "invalid_cursor"
        assert hers.call("conversations.list", limit=1, cursor=cursor).fields["ok"]


def test_who_asks_too_often_is_told_when_to_come_back(demo: RunningDemo) -> None:
    token = demo.person("initech", "member", 3)["token"]
    with Plain(demo.edge("bom"), token) as plain:
        for _ in range(400):
            answer = plain.call("users.list", limit=1)
            if answer.status != 200:
                break
        assert answer.status == 429
        assert answer.fields == {"ok": False, "error": "ratelimited"}
        assert int(answer.headers["retry-after"]) >= 1
        assert plain.call("auth.test").status == 200, "one method's limit is not another's"
    with pytest.raises(SlackApiError) as refused:
        web(demo.edge("bom"), token).users_list(limit=1)
    assert refused.value.response.status_code == 429
