"""A whole cell in memory behind its web API: one workspace, a few people, and what their sockets would
hear.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import orjson

from accord.clock import ManualClock
from accord.identity import KeyRing
from accord.ids import new_id
from regional_cell.adapters.local.files import LocalFiles
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.memory.intercom import MemoryIntercom
from regional_cell.adapters.memory.records import MemorySpentTickets
from regional_cell.adapters.memory.store import MemoryStore
from regional_cell.adapters.memory.views import MemoryViews
from regional_cell.adapters.sql import schema_version
from regional_cell.adapters.sql.database import Database
from regional_cell.adapters.sql.log import SqlLog
from regional_cell.adapters.sql.views import SqlViews
from regional_cell.domain.callers import Caller
from regional_cell.domain.commands import apps, workspaces
from regional_cell.domain.cursors import CursorKey
from regional_cell.domain.events import Event
from regional_cell.domain.objects.frames import frames
from regional_cell.domain.state import State
from regional_cell.entrypoints.web_api.calls import ApiAnswer, ApiCall, EdgeInfo
from regional_cell.entrypoints.web_api.dispatch import WebApi
from regional_cell.entrypoints.web_api.limits import RateLimits
from regional_cell.entrypoints.web_api.methods import METHODS
from regional_cell.entrypoints.web_api.services import Services
from regional_cell.ports.log import Log, ResidentRecord
from regional_cell.ports.views import Views
from regional_cell.services.channel_changes import ChannelChanges
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.conversations import Conversations
from regional_cell.services.ephemeral import Ephemeral
from regional_cell.services.files import Files
from regional_cell.services.guests import Guests
from regional_cell.services.messages.posting import Messages
from regional_cell.services.messages.reading import MessageReader
from regional_cell.services.presence import Presence
from regional_cell.services.reactions import Reactions
from regional_cell.services.reads import Reads
from regional_cell.services.scheduled import Scheduled
from regional_cell.services.sessions import Sessions
from regional_cell.services.users import Users
from regional_cell.services.webhooks import Webhooks
from tests.regional_cell.edges import said

TEAM, ORGANISATION = "T000000000001", "E000000000001"
GENERAL, RANDOM, SECRET = "C00000000000G", "C00000000000R", "C00000000000S"
ANN, BOB, CID, GUS = "U00000000000A", "U00000000000B", "U00000000000C", "U00000000000D"
APP, BOT, BOT_USER = "A000000000001", "B000000000001", "U00000000000E"
EDGE = EdgeInfo("edge-1", "http://edge.test:8001", "ws://edge.test:8001", "EU", "eu-1")
SCOPES = frozenset(scope for method in METHODS.values() for scope in method.scopes) | {"chat:write.customize"}
APP_SCOPES = ("chat:write", "incoming-webhook")
CANARY = "canary-4b1d-text"


@dataclass
class Recorder:
    """Keeps every frame as clients would read it: (topic, body)."""

    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def committed(self, state: State, events: Sequence[tuple[Event, object | None]]) -> None:
        for event, _ in events:
            bodies = frames(event, state)
            assert len(bodies) == len(event.topics), event.kind
            for (topic, _), body in zip(event.topics, bodies, strict=True):
                if body is not None:
                    self.heard.append((topic, orjson.loads(orjson.dumps(body))))

    def types(self) -> list[tuple[str, str]]:
        """(topic, type or message subtype) of all frames."""
        return [(topic, body.get("subtype") or body["type"]) for topic, body in self.heard]


class FakeTokens:
    """Tickets and revocations; the real ones have tests of their own."""

    def __init__(self) -> None:
        self.revoked: list[str] = []
        self.tickets: list[dict[str, object]] = []

    def socket_ticket(self, caller: Caller, edge: str, *, batched: bool = False) -> str:
        return f"ticket.{caller.user}.{edge}{'.batched' if batched else ''}"

    def ticket(self, purpose: str, resident: str, life_s: int, **more: object) -> str:
        self.tickets.append({"r": resident, **more})
        return f"{purpose}.{len(self.tickets) - 1}"

    def prove_ticket(self, text: str, purpose: str) -> dict[str, object]:
        return self.tickets[int(text.removeprefix(f"{purpose}."))]

    async def revoke(
        self, resident: str, token_id: str, why: str, principal: str, epoch: int | None = None
    ) -> None:
        self.revoked.append(token_id)


class Told:
    """Keeps the frames for users: (user, body)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def tell_user(self, resident: str, user: str, data: bytes) -> None:
        assert resident == TEAM
        self.told.append((user, said(data)))


class NoRoutes:
    """Knows nobody: people are at home elsewhere, wherever that is."""

    key_ring = KeyRing()

    async def home_of(self, resident: str) -> tuple[str, int] | None:
        return None

    def region_of(self, cell: str) -> str | None:
        return None

    def jurisdiction_of(self, cell: str) -> str | None:
        return None

    def placement_facts(self, resident: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
        return None


class Cell:
    """One cell with one workspace, in memory or, with a `folder`, over an SQL store there."""

    def __init__(
        self, profile: str = "off", seed: int = 1, folder: Path | None = None, establishment: str = "DE"
    ) -> None:
        self.establishment = establishment
        self.random = random.Random(seed)
        self.database: Database | None = None
        self.clock = ManualClock()
        self.sealer = LocalSealer(CellKeys(b"k" * 32), self.random.randbytes)
        self.store, self.views = self._stores(folder)
        self.commits = GroupCommits(self.store, self.views, self.sealer, self.clock)
        self.recorder = Recorder()
        self.commits.feed(self.recorder)
        self.tokens = FakeTokens()
        self.folder = TemporaryDirectory()
        self.bytes = LocalFiles(Path(self.folder.name), self.sealer)
        mint: Any = self.tokens
        self.files = Files(self.commits, self.views, self.bytes, mint, self.draw_id, 10_000_000)
        reader = MessageReader(self.commits, self.views, self.files)
        messages = Messages(self.commits, self.views, reader, self.draw_id, asyncio.ensure_future)
        self.told, intercom = Told(), MemoryIntercom([])
        self.services = Services(
            commits=self.commits,
            messages=messages,
            reader=reader,
            conversations=Conversations(self.commits, self.views, self.draw_id),
            channel_changes=ChannelChanges(self.commits),
            users=Users(self.commits, self.clock),
            reactions=Reactions(self.commits, self.views),
            guests=Guests(self.commits, self.views, self.clock),
            webhooks=Webhooks(self.commits, messages, self.draw_word, self.random.randbytes),
            reads=Reads(self.commits, self.views),
            scheduled=Scheduled(self.commits, self.views, messages, self.draw_id, self.clock),
            ephemeral=Ephemeral(self.commits, messages, self.told, intercom, self.clock),
            presence=Presence(self.commits, self.told, intercom, "one", self.clock, asyncio.ensure_future),
            tokens=self.tokens,
            sessions=Sessions(
                self.commits, mint, NoRoutes(), MemorySpentTickets(self.clock), self.clock, "cell-a"
            ),
            cursors=CursorKey(b"c" * 32),
            draw_word=self.draw_word,
            files=self.files,
        )
        self.api = WebApi(self.services, RateLimits(profile, self.clock), self.clock, "cell-a")

    def _stores(self, folder: Path | None) -> tuple[Log, Views]:
        if folder is None:
            memory = MemoryStore(self.sealer)
            return memory, MemoryViews(memory)
        url = f"sqlite:///{folder / 'cell.db'}"
        schema_version.migrate(url)
        self.database = Database(url)
        return SqlLog(self.database, self.sealer), SqlViews(self.database, self.sealer)

    def draw_id(self, prefix: str) -> str:
        return new_id(prefix, self.random.randbytes)

    def draw_word(self) -> str:
        return self.random.randbytes(4).hex()[:5]

    async def start(self) -> "Cell":
        """Make the workspace: ann owns it, bob and cid are members, gus is a guest; a bot is in #general."""
        await self.commits.start()
        key_id, wrapped = self.sealer.new_key(TEAM)
        record = ResidentRecord(TEAM, "T", 1, "open", 0, 0, key_id, self.establishment, (), ())
        await self.store.open(record, wrapped)
        facts = workspaces.WorkspaceFacts(
            "Acme", "acme", ORGANISATION, "Acme Group", self.establishment, (), (), GENERAL, RANDOM
        )
        newcomers = [
            workspaces.Newcomer(user, f"P{user[1:]}", role, {
                "name": name, "real_name": f"{name.title()} Example", "display_name": name,
                "email": f"{name}@acme.example", "tz": "Europe/Berlin",
            })
            for user, name, role in (
                (ANN, "ann", "primary_owner"), (BOB, "bob", "member"),
                (CID, "cid", "member"), (GUS, "gus", "guest"),
            )
        ]  # fmt: skip
        app = apps.NewApp(APP, BOT, BOT_USER, "Deploy Bot", APP_SCOPES, "00", "00")
        secret = workspaces.NewChannel(SECRET, "secret", True, ANN, (ANN,))
        for decide in (
            workspaces.create(facts),
            workspaces.admit(newcomers),
            apps.install(app, [GENERAL], []),
            workspaces.create_channels([secret]),
        ):
            await self.commits.commit(TEAM, decide, principal="")
        self.recorder.heard.clear()
        return self

    async def stop(self) -> None:
        await self.commits.stop()
        self.bytes.close()
        self.folder.cleanup()
        if self.database is not None:
            self.database.close()

    def caller(self, user: str) -> Caller:
        """A caller with every scope: `xoxp`, or `xoxb` for the bot."""
        roles = {ANN: "primary_owner", GUS: "guest", BOT_USER: "bot"}
        bot = user == BOT_USER
        return Caller(
            TEAM, f"token-{user}", "xoxb" if bot else "xoxp", user, APP if bot else "", BOT if bot else "",
            "" if bot else f"P{user[1:]}", roles.get(user, "member"), SCOPES,
        )  # fmt: skip

    def request(self, who: Caller | None, method: str, arguments: dict[str, Any]) -> ApiCall:
        """A call with a JSON body."""
        return ApiCall(
            method, who, TEAM if who else "", 1 if who else 0, "application/json;charset=utf-8", b"",
            orjson.dumps(arguments) if arguments else b"", {}, EDGE, "ZZ", 10.0,
            f"req-{self.random.randrange(10**9)}",
        )  # fmt: skip

    async def answer(self, user: str | Caller, method: str, /, **arguments: Any) -> ApiAnswer:
        """The raw answer."""
        who = self.caller(user) if isinstance(user, str) else user
        return await self.api.call(self.request(who, method, arguments))

    async def call(self, user: str | Caller, method: str, /, **arguments: Any) -> dict[str, Any]:
        """The decoded answer."""
        answer = await self.answer(user, method, **arguments)
        body: dict[str, Any] = orjson.loads(answer.body)
        return body

    async def ok(self, user: str | Caller, method: str, /, **arguments: Any) -> dict[str, Any]:
        """The decoded answer, which must be a success."""
        body = await self.call(user, method, **arguments)
        assert body["ok"], body
        return body

    async def error(self, user: str | Caller, method: str, /, **arguments: Any) -> str:
        """The error code of an answer, which must be a refusal."""
        body = await self.call(user, method, **arguments)
        assert not body["ok"], body
        code: str = body["error"]
        return code

    async def upload(
        self, user: str, *channels: str, data: bytes = b"one\ntwo\n", name: str = "notes.txt", **more: Any
    ) -> str:
        """Upload a file and share it, and give its id."""
        offer = await self.ok(user, "files.getUploadURLExternal", filename=name, length=len(data), **more)

        async def chunks() -> AsyncIterator[bytes]:
            yield data

        await self.files.store(TEAM, offer["upload_url"].rpartition("/")[2], chunks())
        file: str = offer["file_id"]
        await self.ok(user, "files.completeUploadExternal", files=[{"id": file}], channels=list(channels))
        return file

    async def post(self, user: str, channel: str, text: str, /, **arguments: Any) -> str:
        """Post, and give the `ts`."""
        ts: str = (await self.ok(user, "chat.postMessage", channel=channel, text=text, **arguments))["ts"]
        return ts


def form(call: ApiCall, arguments: dict[str, Any]) -> ApiCall:
    """The same call in a form body, as other clients send it."""
    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in arguments.items()
    }
    return replace(
        call, content_type="application/x-www-form-urlencoded", query=b"", body=urlencode(texts).encode()
    )
