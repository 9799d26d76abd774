"""A person's device at one edge, every call of which is written into the history.

The contract decides what an answer means: acknowledged (200 and `ok`), failed (any other answer that is not
`fatal_error`, and 421, 429, 503), unknown (everything else: no answer, or `fatal_error`).
"""

import hashlib
import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2

from tests.support.clients import Answer, Plain
from tests.support.recorder import Ending, Recorder
from tests.support.rooms import Person

REFUSED = frozenset({421, 429, 503})
NOTICES = frozenset({"channel_join", "channel_leave", "group_join", "group_leave", "tombstone"})
PAGE = 100
VALUE_CHARS_MAX = 200
_numbers = itertools.count(1)


def outcome_of(answer: Answer) -> Ending:
    """What the contract calls an answer."""
    if answer.status in REFUSED:
        return "fail"
    if answer.status != 200:
        return "unknown"
    fields = answer.fields
    if fields.get("ok") is True:
        return "ok"
    return "unknown" if fields.get("error") == "fatal_error" else "fail"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read, and how."""

    channel: str
    thread: str
    after: str
    limit: int
    final: bool

    @property
    def upwards(self) -> bool:
        """Whether pages begin at the old end."""
        return bool(self.thread or self.after)

    @property
    def method(self) -> str:
        return "conversations.replies" if self.thread else "conversations.history"

    @property
    def arguments(self) -> dict[str, Any]:
        named = {"channel": self.channel, "limit": self.limit}
        return {**named, "ts": self.thread or None, "oldest": self.after or None}

    @property
    def members(self) -> dict[str, Any]:
        """What the history says of it."""
        thread = {"thread": self.thread} if self.thread else {}
        return {"channel": self.channel, **thread, **({"final": True} if self.final else {})}


class Device:
    """One device. Calls go one after the other: a device is used by one thread. Use as a context manager.

    Args:
        edge: its row of the ready line.
        name: of the process in the history; made up when empty.

    `answer` is the last that was `ok`, `error` of the last that was not; `refused` says of the last call that
    the same call will not be taken later either.
    """

    def __init__(
        self,
        recorder: Recorder,
        edge: Mapping[str, Any],
        person: Person,
        workspace: str,
        name: str = "",
        timeout_s: float = 5.0,
    ) -> None:
        self.recorder, self.edge, self.person, self.workspace = recorder, edge, person, workspace
        self.name = name or f"{person.name} at {edge['name']} {next(_numbers)}"
        self.answer: dict[str, Any] = {}
        self.refused, self.error = False, ""
        self._plain = Plain(edge, person.token, timeout_s)
        self._about = {
            "device": self.name,
            "user": person.user,
            "workspace": workspace,
            "edge": str(edge["name"]),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._plain.__exit__(kind, error, trace)

    # --- writes ------------------------------------------------------------------------------------

    def send(
        self, channel: str, value: str, key: str = "", thread: str = "", keyless: bool = False
    ) -> Ending:
        """Post a message. The same value with the same key is another try; without one, a client that has
        none.
        """
        key = "" if keyless else key or str(uuid.uuid4())
        told = {"thread": thread} if thread else {}
        arguments = {"client_msg_id": key or None, "thread_ts": thread or None}
        return self._do(
            "send",
            "chat.postMessage",
            {"channel": channel, "text": value, **arguments},
            {"channel": channel, "key": key, "value": shown(value), **told},
            ts="ts",
        )

    def edit(self, channel: str, ts: str, value: str) -> Ending:
        """Change the text of a message."""
        arguments = {"channel": channel, "ts": ts, "text": value}
        return self._do(
            "edit", "chat.update", arguments, {"channel": channel, "ts": ts, "value": shown(value)}
        )

    def delete(self, channel: str, ts: str) -> Ending:
        """Delete a message."""
        return self._do(
            "delete", "chat.delete", {"channel": channel, "ts": ts}, {"channel": channel, "ts": ts}
        )

    def react(self, channel: str, ts: str, name: str, add: bool = True) -> Ending:
        """Add a reaction, or take it back."""
        op, method = ("react", "reactions.add") if add else ("unreact", "reactions.remove")
        arguments = {"channel": channel, "timestamp": ts, "name": name}
        return self._do(op, method, arguments, {"channel": channel, "ts": ts, "value": name})

    def mark(self, channel: str, ts: str) -> Ending:
        """Move the read mark."""
        return self._do(
            "mark", "conversations.mark", {"channel": channel, "ts": ts}, {"channel": channel, "ts": ts}
        )

    def create(self, name: str, private: bool = False) -> str:
        """Make a channel. Returns its id; empty when that is not known."""
        members = {"value": name, "private": private}
        ended = self._do(
            "create", "conversations.create", {"name": name, "is_private": private}, members, channel=True
        )
        return str(self.answer["channel"]["id"]) if ended == "ok" else ""

    def invite(self, channel: str, *users: str) -> Ending:
        """Invite users, all or none."""
        arguments = {"channel": channel, "users": ",".join(users)}
        return self._do(
            "invite", "conversations.invite", arguments, {"channel": channel, "members": list(users)}
        )

    def upload(self, channel: str, value: str, data: bytes) -> Ending:
        """Share a file, with the value as its comment. It has no key: it is tried once."""
        about = {"channel": channel, "key": "", "value": shown(value)}
        number = self.recorder.begin("upload", self.name, **self._about, **about)
        outcome, learned = self._upload(channel, value, data)
        self.recorder.end(number, "upload", outcome, **learned)
        return outcome

    def _upload(self, channel: str, value: str, data: bytes) -> tuple[Ending, dict[str, Any]]:
        arguments = {"filename": "load.bin", "length": len(data)}
        offered, outcome, learned = self._ask("files.getUploadURLExternal", arguments)
        if offered is None or outcome != "ok":
            # Nothing was shared, whatever became of this.
            return "fail", {"status": 503, **learned}
        try:
            stored = self._plain.send("POST", offered.fields["upload_url"], content=data)
        except httpx2.HTTPError as error:
            return "fail", {"status": 503, "error": type(error).__name__}
        if stored.status != 200:
            return "fail", {"status": stored.status}
        files = [{"id": offered.fields["file_id"]}]
        arguments = {"files": files, "channel_id": channel, "initial_comment": value}
        _, outcome, learned = self._ask("files.completeUploadExternal", arguments)
        return outcome, learned

    def join(self, channel: str) -> Ending:
        """Join a public channel."""
        return self._do("join", "conversations.join", {"channel": channel}, {"channel": channel})

    def leave(self, channel: str) -> Ending:
        """Leave a channel."""
        return self._do("leave", "conversations.leave", {"channel": channel}, {"channel": channel})

    # --- reads -------------------------------------------------------------------------------------

    def read(
        self, channel: str, *, limit: int = PAGE, thread: str = "", after: str = "", final: bool = False
    ) -> list[dict[str, Any]] | None:
        """The newest page of a channel, or the first of a thread or after a `ts`. Returns its messages,
        oldest first; None when there was no answer.
        """
        low = _next_to(after, 1) if after else ""
        page, _ = self._page(_Reading(channel, thread, after, limit, final), low, "", "")
        return page

    def read_all(
        self, channel: str, *, limit: int = PAGE, thread: str = "", after: str = "", final: bool = False
    ) -> list[dict[str, Any]] | None:
        """Page by page to the end. Returns all messages, oldest first; None when an answer lacked."""
        reading = _Reading(channel, thread, after, limit, final)
        messages: list[dict[str, Any]] = []
        low, high, cursor = _next_to(after, 1) if after else "", "", ""
        while True:
            page, cursor = self._page(reading, low, high, cursor)
            if page is None:
                return None
            messages = messages + page if reading.upwards else page + messages
            if not cursor or not page:
                return messages
            if reading.upwards:
                low = _next_to(page[-1]["ts"], 1)
            else:
                high = _next_to(page[0]["ts"], -1)

    def search(self, word: str, final: bool = False) -> list[list[str]] | None:
        """Messages with a word, at most 100, as the history holds them; None without an answer."""
        about = {"value": word, **({"final": True} if final else {})}
        number = self.recorder.begin("search", self.name, **self._about, **about)
        answer, outcome, learned = self._ask("search.messages", {"query": word, "count": 100})
        if outcome != "ok" or answer is None:
            self.recorder.end(number, "search", outcome, **learned)
            return None
        found = answer.fields["messages"]
        items = [[match["channel"]["id"], *item_of(match)] for match in found["matches"]]
        learned["cells"] = {row["cell"]: row["state"] for row in answer.fields["x_cells"]}
        more = {"more": True} if found["total"] > len(items) else {}
        self.recorder.end(number, "search", "ok", items=items, **more, **learned)
        return items

    def count(self, channel: str, final: bool = False) -> int | None:
        """How many messages the person has not read; None without an answer."""
        about = {"channel": channel, **({"final": True} if final else {})}
        number = self.recorder.begin("count", self.name, **self._about, **about)
        answer, outcome, learned = self._ask("conversations.info", {"channel": channel})
        if outcome != "ok" or answer is None:
            self.recorder.end(number, "count", outcome, **learned)
            return None
        shown_as = answer.fields["channel"]
        unread, mark = shown_as.get("unread_count_display", 0), shown_as.get("last_read", "")
        self.recorder.end(number, "count", "ok", unread=unread, last_read=mark, **learned)
        return int(unread)

    def _page(
        self, reading: "_Reading", low: str, high: str, cursor: str
    ) -> tuple[list[dict[str, Any]] | None, str]:
        """One page, said to cover everything from `low` to `high`; where more follows, up to its last
        message.
        """
        number = self.recorder.begin("read", self.name, **self._about, **reading.members)
        arguments = {**reading.arguments, "cursor": cursor or None}
        answer, outcome, learned = self._ask(reading.method, arguments)
        if outcome != "ok" or answer is None:
            self.recorder.end(number, "read", outcome, **learned)
            return None, ""
        fields = answer.fields
        page = fields["messages"] if reading.thread else fields["messages"][::-1]
        following = (fields.get("response_metadata") or {}).get("next_cursor", "")
        if following and page:
            low, high = (low, page[-1]["ts"]) if reading.upwards else (page[0]["ts"], high)
        items = [item_of(message) for message in page if message.get("subtype") not in NOTICES]
        bounds = {name: value for name, value in (("low", low), ("high", high)) if value}
        self.recorder.end(number, "read", "ok", items=items, **bounds, **learned)
        return page, following

    # --- how a call goes ---------------------------------------------------------------------------

    def _do(
        self, op: str, method: str, arguments: dict[str, Any], members: dict[str, Any],
        ts: str = "", channel: bool = False,
    ) -> Ending:  # fmt: skip
        number = self.recorder.begin(op, self.name, **self._about, **members)
        answer, outcome, learned = self._ask(method, arguments)
        if outcome == "ok" and answer is not None:
            self.answer = answer.fields
            if ts:
                learned["ts"] = str(self.answer[ts])
            if channel:
                learned["channel"] = str(self.answer["channel"]["id"])
        self.recorder.end(number, op, outcome, **learned)
        return outcome

    def _ask(self, method: str, arguments: dict[str, Any]) -> tuple[Answer | None, Ending, dict[str, Any]]:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = self._plain.call(method, **given)
            outcome = outcome_of(answer)
            learned: dict[str, Any] = {"cell": answer.headers.get("x-cell", "")}
            self.refused = outcome == "fail" and answer.status == 200
            if outcome != "ok":
                self.error = answer.error or str(answer.status)
                learned |= {"status": answer.status, "error": answer.error}
        except (httpx2.HTTPError, ValueError) as error:
            self.refused, self.error = False, type(error).__name__
            return None, "unknown", {"error": type(error).__name__}
        return answer, outcome, learned


def item_of(message: dict[str, Any]) -> list[str]:
    """A message as a history shows it: `ts`, key, text, and reactions as `name:user name:user`."""
    reactions = [f"{one['name']}:{user}" for one in message.get("reactions", ()) for user in one["users"]]
    item = [message["ts"], message.get("client_msg_id", ""), shown(message.get("text", ""))]
    return [*item, " ".join(sorted(reactions))] if reactions else item


def shown(text: str) -> str:
    """A text as a history holds it: whole when it is short."""
    return (
        text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}... {len(text)} {hash_of(text)}"
    )


def hash_of(text: str) -> str:
    """Tells texts apart."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _next_to(ts: str, by_us: int) -> str:
    seconds, micros = divmod(int(ts.replace(".", "")) + by_us, 1_000_000)
    return f"{seconds}.{micros:06d}"
