"""The official socket clients live on our sockets through every edge, with tokens of bots and people."""

import asyncio
import json
import threading
from typing import Any

import pytest
from slack_sdk.rtm import RTMClient as OldClient
from slack_sdk.rtm_v2 import RTMClient

from tests.support.clients import web
from tests.support.federation import RunningDemo
from tests.support.node_clients import NodeClients
from tests.support.rooms import Person

EDGES = ("fra", "iad", "bom")


@pytest.mark.parametrize("name", EDGES)
def test_the_client_in_python_hears_and_answers_as_a_bot(demo: RunningDemo, anna: Person, name: str) -> None:
    app, edge = demo.app("acme"), demo.edge(name)
    general = demo.workspace("acme")["channels"]["general"]
    question = f"are you there, at {name}?"
    heard: list[dict[str, Any]] = []
    arrived = threading.Event()
    client: Any = RTMClient(token=app["bot_token"], base_url=edge["api"])

    def answer(client: Any, event: dict[str, Any]) -> None:
        heard.append(event)
        if event.get("text") == question:
            client.web_client.chat_postMessage(channel=event["channel"], text="I am", thread_ts=event["ts"])
            arrived.set()

    client.on("message")(answer)
    client.connect()
    try:
        asked = web(demo.edge("fra"), anna.token).chat_postMessage(channel=general, text=question)
        assert arrived.wait(15), heard
        thread = web(demo.edge("fra"), anna.token).conversations_replies(channel=general, ts=asked["ts"])
        assert [message["text"] for message in thread["messages"]] == [question, "I am"]
        assert thread["messages"][1]["bot_id"] == client.bot_id
    finally:
        client.close()


@pytest.mark.parametrize("name", EDGES)
def test_the_client_in_python_posts_over_the_socket_as_a_person(
    demo: RunningDemo, anna: Person, jonas: Person, name: str
) -> None:
    general = demo.workspace("acme")["channels"]["general"]
    said, answer = f"over the socket at {name}", f"an answer to the socket at {name}"
    frames: list[dict[str, Any]] = []
    seen, replied = threading.Event(), threading.Event()

    def listen(raw: str) -> None:
        message = json.loads(raw)
        frames.append(message)
        if message.get("text") == answer:
            seen.set()
        if message.get("reply_to") == 7:
            replied.set()

    client: Any = RTMClient(token=anna.token, base_url=demo.edge(name)["api"])
    client.on_message_listeners.append(listen)
    client.connect()
    try:
        client.send(json.dumps({"id": 7, "type": "message", "channel": general, "text": said}))
        reader = web(demo.edge("fra"), jonas.token)
        reader.chat_postMessage(channel=general, text=answer)
        assert seen.wait(15), frames
        # Over another edge somebody may be faster.
        assert replied.wait(15), frames
        assert [frame["ok"] for frame in frames if frame.get("reply_to") == 7] == [True]
        texts = [m["text"] for m in reader.conversations_history(channel=general, limit=2)["messages"]]
        assert set(texts) == {said, answer}
    finally:
        client.close()


@pytest.mark.parametrize("name", EDGES)
async def test_the_first_generation_of_the_client_in_python_hears(
    demo: RunningDemo, anna: Person, jonas: Person, name: str
) -> None:
    general = demo.workspace("acme")["channels"]["general"]
    said = f"to the old client at {name}"
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def listen(**payload: Any) -> None:
        text = payload["data"].get("text", "")
        if text == said and not heard.done():
            heard.set_result(text)

    client: Any = OldClient(
        token=anna.token, base_url=demo.edge(name)["api"], run_async=True, loop=asyncio.get_running_loop()
    )
    client.on(event="message", callback=listen)
    running = asyncio.ensure_future(client.start())
    try:
        for _ in range(40):
            await asyncio.to_thread(
                web(demo.edge("iad"), jonas.token).chat_postMessage, channel=general, text=said
            )
            done, _ = await asyncio.wait({heard, running}, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
            if done:
                break
        assert heard.done(), running
    finally:
        await client.async_stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("name", EDGES)
def test_the_client_in_node_hears_and_posts_over_the_socket(
    demo: RunningDemo, anna: Person, jonas: Person, node_alone: NodeClients, name: str
) -> None:
    general = demo.workspace("acme")["channels"]["general"]
    said, answer = f"over the socket of Node at {name}", f"an answer to Node at {name}"
    reader = web(demo.edge("fra"), jonas.token)
    socket = node_alone.open(demo.edge(name), anna.token)
    reply = socket.say(general, said)
    assert reply["ok"] is True
    reader.chat_postMessage(channel=general, text=answer)
    assert socket.heard(answer)["user"] == jonas.user
    newest, before = reader.conversations_history(channel=general, limit=2)["messages"]
    assert (newest["text"], before["text"], before["ts"]) == (answer, said, reply["ts"])
