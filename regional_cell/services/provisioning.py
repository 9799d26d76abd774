"""Provisioning: what a sign-up does, in bulk, for operators.

Invariants
    1. Nothing is made up for what is missing: an establishment, a name, a known person is required.
    2. Tokens and secrets are given out once, in the answer; the log has their digests alone.

Not here: how a resident comes into the world (services/residents.py).
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accord.encoding import b64url
from accord.errors import ColinkError, InvalidError
from accord.identity import normalise
from accord.ids import check_id, new_id, new_secret
from regional_cell.domain.commands import apps, organisations, people, standing, tokens, workspaces
from regional_cell.domain.commands.people import Link
from regional_cell.domain.commands.tokens import Minted
from regional_cell.domain.commands.webhooks import NewWebhook, digest_of, path_of
from regional_cell.domain.commands.workspaces import NewChannel, Newcomer, WorkspaceFacts
from regional_cell.ports.commits import Commits
from regional_cell.ports.directory import NewResident, ResidentCreator
from regional_cell.ports.identity import Hasher, TokenMint

BATCH_MAX = 500
# A standing card of a demonstration; links in mail live for 15 minutes.
SIGN_IN_LIFE_S = 30 * 86_400

_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """A person or the card of a user; empty texts for what is not said."""

    email: str = ""
    real_name: str = ""
    display_name: str = ""
    title: str = ""
    phone: str = ""
    tz: str = ""
    locale: str = ""
    password: str = ""

    def profile(self) -> dict[str, str]:
        """Without contacts and secrets."""
        fields = ("real_name", "display_name", "title", "phone", "tz", "locale")
        return {name: value for name in fields if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class UserSpec:
    """A user to be added; `scopes`: of an API token, none when empty; `expires_s`: end of a guest's stay;
    `jurisdiction`: whose law protects them, as asserted.
    """

    person: str
    name: str
    card: PersonSpec
    role: str
    linked_workspaces: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    expires_s: int = 0
    jurisdiction: str = ""


@dataclass(frozen=True, slots=True)
class WorkspaceSpec:
    """A workspace to be."""

    name: str
    slug: str
    organisation: str
    organisation_name: str
    establishment: str
    subjects: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A channel to be."""

    name: str
    private: bool
    creator: str
    members: tuple[str, ...]
    topic: str
    purpose: str


@dataclass(frozen=True, slots=True)
class InstalledApp:
    """What the owner of an app is told, once. `webhook_path`: of its incoming webhook, if it has one."""

    app: str
    bot: str
    bot_user: str
    bot_token: str
    app_token: str
    signing_secret: str
    client_id: str
    client_secret: str
    webhook_path: str


class Provisioning:
    """First residents, users, channels, apps and tokens of this cell."""

    def __init__(
        self,
        commits: Commits,
        creator: ResidentCreator,
        mint: TokenMint,
        hasher: Hasher,
        random: Callable[[int], bytes],
    ) -> None:
        self._commits, self._creator, self._mint, self._hasher = commits, creator, mint, hasher
        self._random = random

    # --- residents ---------------------------------------------------------------------------------

    async def create_persons(
        self, establishment: str, specs: Sequence[PersonSpec]
    ) -> list[tuple[str, ColinkError | None]]:
        """(person id, why it was refused or None), in order. InvalidError for the whole call."""
        _check_batch(specs)
        _check_country(establishment)
        outcomes: list[tuple[str, ColinkError | None]] = [("", None)] * len(specs)
        born: list[tuple[int, NewResident]] = []
        hashes = await asyncio.gather(*(self._hash(spec.password) for spec in specs))
        seen: set[str] = set()
        for place, (spec, encoded) in enumerate(zip(specs, hashes, strict=True)):
            try:
                email = normalise("email", spec.email)
                if email in seen:
                    raise InvalidError(field="email", why="twice in this call")
                seen.add(email)
                born.append((place, self._person(establishment, spec, encoded)))
            except ColinkError as why:
                outcomes[place] = ("", why)
        refused = await self._creator.create([new for _, new in born])
        for (place, new), error in zip(born, refused, strict=True):
            outcomes[place] = ("" if error else new.resident, error)
        return outcomes

    def _person(self, establishment: str, spec: PersonSpec, encoded: str) -> NewResident:
        first = people.create(establishment, spec.profile(), {"email": spec.email}, encoded)
        names = (("email", spec.email),)
        return NewResident(new_id("P", self._random), establishment, first, names, (establishment,))

    async def _hash(self, password: str) -> str:
        return await self._hasher.hash(password) if password else ""

    async def create_organisation(self, name: str, establishment: str) -> str:
        """The id of a new organisation. Raises ColinkErrors of the directory."""
        _check_country(establishment)
        first = organisations.create(name, establishment)
        new = NewResident(new_id("E", self._random), establishment, first, (), (establishment,))
        await self._create_one(new)
        return new.resident

    async def attach_workspace(self, organisation: str, workspace: str) -> None:
        """Note a workspace, wherever its home is, under an organisation of this cell. UnknownResidentError
        when it lives nowhere; ColinkErrors of the directory.
        """
        organisation, workspace = check_id(organisation, "E"), check_id(workspace, "T")
        await self._creator.require_placed(workspace)
        await self._commits.commit(organisation, organisations.attach(workspace), principal="")

    async def create_workspace(self, spec: WorkspaceSpec) -> tuple[str, str, str]:
        """(workspace, #general, #random). ConflictError when the slug is taken; UnknownResidentError when the
        organisation lives nowhere; ColinkErrors of the directory.
        """
        _check_country(spec.establishment)
        if spec.organisation:
            await self._creator.require_placed(check_id(spec.organisation, "E"))
        general, random = new_id("C", self._random), new_id("C", self._random)
        facts = WorkspaceFacts(
            spec.name, normalise("slug", spec.slug), spec.organisation, spec.organisation_name,
            spec.establishment, spec.subjects, spec.tags, general, random,
        )  # fmt: skip
        new = NewResident(
            new_id("T", self._random), spec.establishment, workspaces.create(facts),
            (("slug", facts.slug),), spec.subjects, spec.tags,
        )  # fmt: skip
        await self._create_one(new)
        return new.resident, general, random

    async def _create_one(self, new: NewResident) -> None:
        (refused,) = await self._creator.create([new])
        if refused is not None:
            raise refused

    # --- inside a workspace --------------------------------------------------------------------------

    async def add_users(self, workspace: str, specs: Sequence[UserSpec]) -> list[tuple[str, str]]:
        """(user id, API token or empty), in order; all or none."""
        _check_batch(specs)
        check_id(workspace, "T")
        newcomers, texts = [], []
        for spec in specs:
            check_id(spec.person, "P")
            if spec.jurisdiction:
                _check_country(spec.jurisdiction, "jurisdiction")
            user = new_id("U", self._random)
            minted = (
                self._mint.mint("xoxp", workspace, user=user, scopes=spec.scopes) if spec.scopes else None
            )
            card = {**spec.card.profile(), "name": spec.name}
            card |= {"email": spec.card.email} if spec.card.email else {}
            record = minted.record if minted else None
            newcomers.append(
                Newcomer(
                    user, spec.person, spec.role, card, spec.linked_workspaces, record, spec.channels,
                    spec.expires_s, spec.jurisdiction,
                )
            )  # fmt: skip
            texts.append((user, minted.text if minted else ""))
        await self._commits.commit(workspace, workspaces.admit(newcomers), principal="")
        return texts

    async def deactivate_users(self, workspace: str, users: Sequence[str]) -> None:
        """Users go, all or none. Raises as `standing.deactivate`."""
        _check_batch(users)
        decide = standing.deactivate([check_id(user, "U") for user in users])
        await self._commits.commit(check_id(workspace, "T"), decide, principal="")

    async def reactivate_users(self, workspace: str, users: Sequence[str]) -> None:
        """Users come back, all or none. Raises as `standing.reactivate`."""
        _check_batch(users)
        decide = standing.reactivate([check_id(user, "U") for user in users])
        await self._commits.commit(check_id(workspace, "T"), decide, principal="")

    async def link_persons(self, links: Sequence[tuple[str, str, str]]) -> None:
        """Note (person, workspace, user) in the logs of people of this cell."""
        if len(links) > 10 * BATCH_MAX:
            raise InvalidError(field="links", why="too many")
        by_person: dict[str, list[Link]] = {}
        for person, workspace, user in links:
            check_id(person, "P")
            by_person.setdefault(person, []).append(Link(check_id(workspace, "T"), check_id(user, "U"), ""))
        for person in by_person:
            await self._commits.state(person)
        await asyncio.gather(
            *(
                self._commits.commit(person, people.link(theirs), principal="")
                for person, theirs in by_person.items()
            )
        )

    async def create_channels(self, workspace: str, specs: Sequence[ChannelSpec]) -> list[str]:
        """Ids of the channels, in order; all or none."""
        _check_batch(specs)
        channels = [
            NewChannel(
                new_id("C", self._random), each.name, each.private, check_id(each.creator, "U"), each.members,
                each.topic, each.purpose,
            )
            for each in specs
        ]  # fmt: skip
        decide = workspaces.create_channels(channels)
        await self._commits.commit(check_id(workspace, "T"), decide, principal="")
        return [channel.channel for channel in channels]

    async def install_app(
        self,
        workspace: str,
        name: str,
        scopes: tuple[str, ...],
        channels: tuple[str, ...],
        webhook_channel: str = "",
    ) -> InstalledApp:
        """Install an app with a bot user in `channels`, and with a webhook to `webhook_channel` if named."""
        check_id(workspace, "T")
        app, bot, user = new_id("A", self._random), new_id("B", self._random), new_id("U", self._random)
        bot_token = self._mint.mint("xoxb", workspace, user=user, app=app, scopes=scopes)
        app_token = self._mint.mint("xapp", workspace, app=app, scopes=("connections:write",))
        client_secret, signing_secret = b64url(self._random(24)), self._random(16).hex()
        digest = hashlib.sha256(client_secret.encode()).hexdigest()
        new = apps.NewApp(app, bot, user, name, scopes, digest, signing_secret)
        secret = new_secret(self._random)
        webhook = NewWebhook(digest_of(secret), app, webhook_channel) if webhook_channel else None
        decide = apps.install(new, channels, (bot_token.record, app_token.record), webhook)
        await self._commits.commit(workspace, decide, principal="")
        return InstalledApp(
            app,
            bot,
            user,
            bot_token.text,
            app_token.text,
            signing_secret,
            f"{workspace}.{app}",
            client_secret,
            path_of(workspace, bot, secret) if webhook else "",
        )

    # --- tokens and tickets ----------------------------------------------------------------------------

    async def issue_tokens(self, resident: str, users: Sequence[str], scopes: tuple[str, ...]) -> list[str]:
        """`xoxp` tokens, in order: of users of a workspace, or of people (P ids) for an organisation."""
        _check_batch(users)
        minted = [self._minted(check_id(resident, "T", "E"), user, scopes) for user in users]
        decide = tokens.issue(each.record for each in minted)
        await self._commits.commit(resident, decide, principal="")
        return [each.text for each in minted]

    def _minted(self, resident: str, user: str, scopes: tuple[str, ...]) -> Minted:
        if resident[0] == "T":
            return self._mint.mint("xoxp", resident, user=check_id(user, "U"), scopes=scopes)
        face, person = new_id("U", self._random), check_id(user, "P")
        return self._mint.mint("xoxp", resident, user=face, person=person, scopes=scopes)

    async def sign_in_tickets(self, persons: Sequence[str]) -> list[str]:
        """Standing sign-in links for people of this cell. UnknownResidentError for anybody else."""
        _check_batch(persons)
        for person in persons:
            await self._commits.state(check_id(person, "P"))
        return [self._mint.ticket("sign_in", person, SIGN_IN_LIFE_S, reusable=True) for person in persons]


def _check_batch(items: Sequence[object]) -> None:
    if len(items) > BATCH_MAX:
        raise InvalidError(field="batch", why=f"more than {BATCH_MAX}")


def _check_country(code: str, field: str = "establishment") -> None:
    if not _COUNTRY.fullmatch(code):
        raise InvalidError(field=field, why="no jurisdiction")
