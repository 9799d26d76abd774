"""More than a cell can do: what is refused is told so at once, nothing acknowledged is lost, others go on."""

import asyncio
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

import httpx2
import pytest

from tests.support.device import Device
from tests.support.federation import RunningDemo
from tests.support.flood import flooded, load_room
from tests.support.load import Load
from tests.support.metrics import total

# Of a call, as the edge's default is; a machine may be slow, a deadline is one.
DEADLINE_S = 10.0
QUEUE_MAX = 8_192
# How long a slow machine may need until each kind of answer was seen.
ENOUGH, PATIENCE_S = 3, 90.0
LOUD = "load"
REFUSED = (
    "colink_queue_refused_total",
    "colink_unavailable_total",
    "colink_late_total",
    "colink_sockets_closed_total",
)
READERS = 600
ROUNDS = 5
Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def metric(demo: RunningDemo, line: str) -> float:
    """The value of one line of the metrics of the cell; 0 where there is none."""
    return total([demo.cell("de-fra")["metrics"]], line)


def refusals(demo: RunningDemo) -> list[str]:
    """What the cell and the edge refused and closed so far, and why: the lines of their metrics."""
    addresses = demo.cell("de-fra")["metrics"], demo.edge("fra")["metrics"]
    lines = [line for address in addresses for line in httpx2.get(address).text.splitlines()]
    return [line for line in lines if line.startswith(REFUSED)]


def refused(ended: Counter[str]) -> dict[str, int]:
    """Of posts: those that were refused, by their error."""
    return {how: count for how, count in ended.items() if how.startswith("fail")}


@contextmanager
def sending(device: Device, channel: str) -> Iterator[Counter[str]]:
    """Somebody posts all the while; how each ended, with its error where it was not acknowledged."""
    ended: Counter[str] = Counter()
    stopping = threading.Event()

    def run() -> None:
        while not stopping.wait(0.05):
            began_s = time.monotonic()
            ending = device.send(channel, f"meanwhile {uuid.uuid4().hex[:10]}")
            took_s = time.monotonic() - began_s
            ended[ending if ending == "ok" else f"{ending} {device.error} after {took_s:.1f} s"] += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ended
    finally:
        stopping.set()
        thread.join()


@pytest.mark.fault("F39")
@pytest.mark.parametrize("seconds", [6, pytest.param(60, marks=pytest.mark.long)])
def test_a_workspace_that_sends_without_end_is_refused_and_nobody_else(
    busy: RunningDemo, fault: str, seconds: int
) -> None:
    """Its clients keep 8,000 messages unanswered and say again at once what is refused: each gets an answer,
    some are accepted, what is accepted reaches every member once and in one order, and no socket is cut.
    Meanwhile people of another workspace post, at most one of their posts is told to come again, the writer's
    queue stays within its limit, and the verdict is clean.
    """
    waiting = [0.0]
    with Load(busy, fault, edges=("fra",), writers=2, pause_s=0.05, timeout_s=30) as load:
        with (
            load.device("fra") as other,
            load.fault("flood", LOUD),
            flooded(busy) as flood,
            sending(other, load.channels[0]) as ended,
        ):
            ends_s = time.monotonic() + seconds
            while time.monotonic() < ends_s or ended["ok"] < ENOUGH:
                assert time.monotonic() < ends_s + PATIENCE_S, ended
                waiting.append(metric(busy, 'colink_queue_waiting{queue="writer"}'))
                time.sleep(0.2)
        load.goes_on(1)
    print(f"{flood}, others {dict(ended)}, at most {max(waiting):.0f} waited")
    assert flood.refused > 0
    assert flood.accepted > 0
    assert (flood.faults, flood.lost) == ([], 0), refusals(busy)
    assert sum(refused(ended).values()) <= 1, (ended, refusals(busy))
    assert max(waiting) <= QUEUE_MAX
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F44")
@pytest.mark.parametrize("seconds", [6, pytest.param(60, marks=pytest.mark.long)])
def test_when_clients_ignore_every_refusal_the_cell_works_on_and_is_soon_as_before(
    busy: RunningDemo, fault: str, seconds: int
) -> None:
    """As much again as is refused, all the while, from clients that keep 8,000 messages unanswered: what is
    accepted does not end, nothing of it is lost, and afterwards a message of the same people is accepted
    within the deadline of a call. The verdict is clean.
    """
    with Load(busy, fault, edges=("fra",), writers=2, pause_s=0.05, timeout_s=30) as load:
        committed = 'colink_events_total{kind="MessagePosted"}'
        with load.fault("storm", LOUD), flooded(busy) as flood:
            time.sleep(seconds / 2)
            half = metric(busy, committed)
            time.sleep(seconds / 2)
            assert metric(busy, committed) > half
        load.goes_on()
    print(flood)
    assert flood.refused > 0
    assert (flood.faults, flood.lost) == ([], 0), refusals(busy)
    assert flood.calm_s < DEADLINE_S
    assert load.verdict().violations == [], load.story


@pytest.mark.fault("F39")
@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.long)])
def test_a_workspace_that_reads_without_end_is_told_to_wait(
    busy: RunningDemo, fault: str, seconds: int
) -> None:
    """Six hundred of its calls at once read history and search: each is answered, with its page or with 429
    and Retry-After. People of another workspace post meanwhile, none of their posts is refused, and the
    verdict is clean.
    """
    with Load(busy, fault, edges=("fra",), writers=2, pause_s=0.05, timeout_s=30) as load:
        with (
            load.device("fra") as other,
            load.fault("reads", LOUD),
            sending(other, load.channels[0]) as ended,
        ):
            answers = asyncio.run(_read_on(busy, seconds, ended))
        load.goes_on(1)
    print(f"{dict(answers)}, others {dict(ended)}")
    assert set(answers) == {"200", "429 ratelimited"}
    assert ended["ok"]
    assert refused(ended) == {}
    assert load.verdict().violations == [], load.story


async def _read_on(demo: RunningDemo, seconds: float, others: Counter[str]) -> Counter[str]:
    """Each reader has a connection and says a whole request at once: a client that is slow with its bodies
    would be cut, and one that works much for each request would ask for less than the cell can give.
    """
    room, api = load_room(demo), urlsplit(demo.edge("fra")["api"])
    answers: Counter[str] = Counter()
    ends_s = time.monotonic() + seconds

    def over() -> bool:
        now_s, enough = time.monotonic(), answers["200"] and answers["429 ratelimited"] and others["ok"]
        return now_s > ends_s + (0 if enough else PATIENCE_S)

    async def reader(token: str, method: str, **arguments: str) -> None:
        answered, asking = await asyncio.open_connection(api.hostname, api.port)
        while not over():
            asking.write(request(api, token, method, **arguments))
            word, fields, said = await answer(answered)
            if word == "429":
                assert int(fields["retry-after"]) >= 1
                word += f" {json.loads(said)['error']}"
                await asyncio.sleep(0.05)
            answers[word] += 1
        asking.close()

    async with asyncio.timeout(seconds + 2 * PATIENCE_S), asyncio.TaskGroup() as group:
        for place in range(READERS):
            token = room.tokens[place % len(room.tokens)]
            if place % 3:
                group.create_task(reader(token, "conversations.history", channel=room.channel))
            else:
                group.create_task(reader(token, "search.messages", query="seldom"))
    return answers


def request(api: SplitResult, token: str, method: str, **arguments: str) -> bytes:
    """A whole call, as it is written."""
    body = urlencode(arguments)
    return (
        f"POST {api.path}{method} HTTP/1.1\r\nHost: {api.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def answer(answered: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Status, headers in lower case, and body of the next answer."""
    head = (await answered.readuntil(b"\r\n\r\n")).decode().lower()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])
    return head.split(" ", 2)[1], fields, await answered.readexactly(int(fields["content-length"]))


@pytest.mark.fault("F46")
@pytest.mark.parametrize("readers", [100, pytest.param(1_000, marks=pytest.mark.long)])
def test_however_many_ask_for_a_page_that_is_not_kept_it_is_loaded_once(
    busy: RunningDemo, fault: str, readers: int
) -> None:
    """All ask at one instant, again and again, and get the page with the newest message: one of them has it
    loaded each time, and others wait for that reading.
    """
    del fault
    room, api = load_room(busy), urlsplit(busy.edge("fra")["api"])
    counters = {how: f'colink_history_pages_total{{how="{how}"}}' for how in ("loaded", "shared", "kept")}

    def counted() -> Counter[str]:
        return Counter({how: int(metric(busy, line)) for how, line in counters.items()})

    async def told(ask: Sequence[bytes], ways: Sequence[Way]) -> list[dict[str, Any]]:
        """What each is answered; they are all open, and asked before anybody is read."""
        for data, (_, asking) in zip(ask, ways, strict=True):
            asking.write(data)
        return [json.loads((await answer(answered))[2]) for answered, _ in ways]

    async def rounds() -> int:
        """How many waited for a reading that another had begun, in all rounds together."""
        tokens = [room.tokens[place % len(room.tokens)] for place in range(readers)]
        asks = [request(api, token, "conversations.history", channel=room.channel) for token in tokens]
        ways = [await asyncio.open_connection(api.hostname, api.port) for _ in tokens]
        shared = 0
        for number in range(ROUNDS):
            text = f"the newest of round {number}"
            say = request(api, tokens[0], "chat.postMessage", channel=room.channel, text=text)
            assert [said["ok"] for said in await told([say], ways[:1])] == [True]
            before = counted()
            pages = await told(asks, ways)
            more = counted() - before
            assert {page["messages"][0]["text"] for page in pages} == {text}
            assert (more["loaded"], more.total()) == (1, readers)
            shared += more["shared"]
        for _, asking in ways:
            asking.close()
        return shared

    assert asyncio.run(rounds()) >= ROUNDS
