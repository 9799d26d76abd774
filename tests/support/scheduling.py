"""Scheduled messages for flows: many in a few seconds, and whether each was posted once."""

import time

from tests.support.clients import Plain, web, whole_history
from tests.support.federation import RunningDemo
from tests.support.rooms import Person
from tests.support.waiting import until

SECONDS, EACH = 3, 5
# Until the first second: time for a slow machine to schedule all of them.
AHEAD_S = 10


def schedule(demo: RunningDemo, owner: Person, channel: str, first_s: int) -> list[str]:
    """`EACH` messages for each of `SECONDS` seconds from `first_s` on. Returns their texts."""
    texts = []
    client = web(demo.edge("fra"), owner.token)
    for number in range(SECONDS * EACH):
        text = f"later {number}"
        answer = client.chat_scheduleMessage(channel=channel, text=text, post_at=first_s + number // EACH)
        assert answer["message"]["text"] == text
        texts.append(text)
    return texts


def said(demo: RunningDemo, owner: Person, channel: str) -> list[str]:
    """What was said in the channel, oldest first."""
    with Plain(demo.edge("fra"), owner.token) as plain:
        messages = whole_history(plain, channel)
    return [message["text"] for message in reversed(messages) if message["text"].startswith("later")]


def require_once(demo: RunningDemo, owner: Person, channel: str, texts: list[str]) -> None:
    """All are posted, each once, in order of their seconds; nothing waits, nothing comes after."""
    until(lambda: len(said(demo, owner, channel)) >= len(texts), 120, "what is due is posted")
    with Plain(demo.edge("fra"), owner.token) as plain:
        until(
            lambda: not plain.done("chat.scheduledMessages.list", channel=channel)["scheduled_messages"],
            60,
            "nothing waits any more",
        )
    time.sleep(2)
    found = said(demo, owner, channel)
    assert sorted(found) == sorted(texts)
