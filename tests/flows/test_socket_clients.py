"""The official socket clients live on our sockets: with bots' tokens and with people's."""

import asyncio
import json
import threading
from typing import Any

from slack_sdk.rtm import RTMClient as OldClient
from slack_sdk.rtm_v2 import RTMClient

from tests.support.clients import web
from tests.support.federation import RunningDemo
from tests.support.rooms import Person


def test_the_official_socket_client_hears_and_answers_as_a_bot(demo: RunningDemo, anna: Person) -> None:
    app, edge = demo.app("acme"), demo.edge("iad")
    general = demo.workspace("acme")["channels"]["general"]
    heard: list[dict[str, Any]] = []
    arrived = threading.Event()
    client: Any = RTMClient(token=app["bot_token"], base_url=edge["api"])

    def answer(client: Any, event: dict[str, Any]) -> None:
        heard.append(event)
        if event.get("text") == "are you there?":
            client.web_client.chat_postMessage(channel=event["channel"], text="I am", thread_ts=event["ts"])
            arrived.set()

    client.on("message")(answer)
    client.connect()
    try:
        asked = web(demo.edge("fra"), anna.token).chat_postMessage(channel=general, text="are you there?")
        assert arrived.wait(15), heard
        thread = web(demo.edge("fra"), anna.token).conversations_replies(channel=general, ts=asked["ts"])
        assert [message["text"] for message in thread["messages"]] == ["are you there?", "I am"]
        assert thread["messages"][1]["bot_id"] == client.bot_id
    finally:
        client.close()


def test_the_official_socket_client_posts_over_the_socket_as_a_person(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    edge = demo.edge("bom")
    general = demo.workspace("acme")["channels"]["general"]
    frames: list[dict[str, Any]] = []
    seen = threading.Event()

    def listen(raw: str) -> None:
        message = json.loads(raw)
        frames.append(message)
        if message.get("text") == "an answer to the socket":
            seen.set()

    client: Any = RTMClient(token=anna.token, base_url=edge["api"])
    client.on_message_listeners.append(listen)
    client.connect()
    try:
        client.send(json.dumps({"id": 7, "type": "message", "channel": general, "text": "over the socket"}))
        reader = web(demo.edge("fra"), jonas.token)
        reader.chat_postMessage(channel=general, text="an answer to the socket")
        assert seen.wait(15), frames
        assert [frame["ok"] for frame in frames if frame.get("reply_to") == 7] == [True]
        texts = [m["text"] for m in reader.conversations_history(channel=general, limit=2)["messages"]]
        assert set(texts) == {"over the socket", "an answer to the socket"}
    finally:
        client.close()


async def test_the_first_generation_of_the_socket_client_connects(
    demo: RunningDemo, anna: Person, jonas: Person
) -> None:
    general = demo.workspace("acme")["channels"]["general"]
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def listen(**payload: Any) -> None:
        text = payload["data"].get("text", "")
        if text == "to the old client" and not heard.done():
            heard.set_result(text)

    client: Any = OldClient(
        token=anna.token, base_url=demo.edge("fra")["api"], run_async=True, loop=asyncio.get_running_loop()
    )
    client.on(event="message", callback=listen)
    running = asyncio.ensure_future(client.start())
    try:
        for _ in range(40):
            await asyncio.to_thread(
                web(demo.edge("iad"), jonas.token).chat_postMessage, channel=general, text="to the old client"
            )
            done, _ = await asyncio.wait({heard, running}, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
            if done:
                break
        assert heard.done(), running
    finally:
        await client.async_stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
