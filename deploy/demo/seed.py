"""The made-up people, channels and texts of a demo: the same for the same seed number; ids and tokens are
not.

Names of people are drawn from lists of given names and invented family names; nobody real is meant.
"""

import random
from dataclasses import dataclass, field, replace

MAIL_DOMAIN = "example"


@dataclass(frozen=True, slots=True)
class SeedPerson:
    """A person of one country: who they are everywhere. `roles` are those of the demo's ready line, per
    workspace.
    """

    handle: str
    real_name: str
    title: str
    phone: str
    tz: str
    country: str
    email: str


@dataclass(frozen=True, slots=True)
class SeedUser:
    """A person's face in one workspace; `role` is the API's, `roles` what the ready line lists."""

    person: SeedPerson
    role: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeedChannel:
    """A channel beyond #general and #random; `members` are handles, the first is its creator."""

    name: str
    private: bool
    topic: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeedMessage:
    """One message: `thread` counts the channel's roots from 0, or is None for a root."""

    channel: str
    author: str
    text: str
    thread: int | None = None
    reactions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SeedWorkspace:
    """One workspace with everything in it."""

    name: str
    title: str
    home: str
    country: str
    organisation: str
    users: tuple[SeedUser, ...]
    channels: tuple[SeedChannel, ...]
    messages: tuple[SeedMessage, ...] = field(default=())


_GIVEN = {
    "DE": (
        "Anna",
        "Jonas",
        "Olga",
        "Lena",
        "Malte",
        "Frieda",
        "Emil",
        "Greta",
        "Bruno",
        "Ida",
        "Kaspar",
        "Thea",
        "Veit",
        "Mara",
        "Till",
    ),
    "US": (
        "Bob",
        "Sam",
        "Nora",
        "Wade",
        "Ivy",
        "Cole",
        "June",
        "Ross",
        "Tess",
        "Dale",
        "Faye",
        "Glen",
        "Hope",
        "Kent",
        "Lana",
    ),
    "IN": (
        "Chitra",
        "Arun",
        "Devi",
        "Kiran",
        "Leela",
        "Mohan",
        "Nila",
        "Prem",
        "Rani",
        "Suresh",
        "Tara",
        "Uma",
        "Vikram",
        "Yash",
        "Zara",
    ),
    "SG": (
        "Wei",
        "Hui",
        "Jun",
        "Mei",
        "Kai",
        "Lin",
        "Rui",
        "Tan",
        "Xin",
        "Yan",
        "Zhi",
        "Bao",
        "Chen",
        "Fang",
        "Guo",
    ),
    "BR": (
        "Bia",
        "Caio",
        "Davi",
        "Enzo",
        "Gabi",
        "Hugo",
        "Iara",
        "Joao",
        "Lia",
        "Nico",
        "Otto",
        "Rosa",
        "Saulo",
        "Tito",
        "Vera",
    ),
}
_FAMILY = {
    "DE": ("Muster", "Beispiel", "Probe", "Nordhof", "Talweg"),
    "US": ("Sample", "Placeholder", "Fielding", "Quill", "Harrow"),
    "IN": ("Namuna", "Udaharan", "Nadi", "Pahad", "Megh"),
    "SG": ("Contoh", "Yangban", "Pulau", "Teluk", "Bukit"),
    "BR": ("Exemplo", "Modelo", "Ribeira", "Serra", "Campo"),
}
_TZ = {
    "DE": "Europe/Berlin",
    "US": "America/New_York",
    "IN": "Asia/Kolkata",
    "SG": "Asia/Singapore",
    "BR": "America/Sao_Paulo",
}
# Fictional ranges of telephone numbers, or numbers that no one can be given.
_PHONE = {
    "DE": "+4930231250{:02d}",
    "US": "+120255501{:02d}",
    "IN": "+9100000000{:02d}",
    "SG": "+65000000{:02d}",
    "BR": "+55000000000{:02d}",
}
_TITLES = ("Engineer", "Designer", "Analyst", "Planner", "Support", "Accountant", "Editor", "Technician")
_ROLES: dict[str, dict[int, tuple[str, tuple[str, ...]]]] = {
    "acme": {
        0: ("member", ("member",)),
        1: ("primary_owner", ("owner",)),
        2: ("member", ("member", "officer:DE")),
        3: ("admin", ("admin",)),
        4: ("member", ("member", "officer:DE")),
        5: ("member", ("member", "officer:DE")),
        6: ("member", ("member", "counsel")),
        7: ("guest", ("guest",)),
        8: ("member", ("member", "auditor")),
    },
    "globex": {
        0: ("member", ("member",)),
        1: ("primary_owner", ("owner", "operator")),
        2: ("member", ("member", "officer:US")),
        3: ("admin", ("admin",)),
        4: ("member", ("member", "officer:US")),
        5: ("member", ("member", "counsel")),
        7: ("guest", ("guest",)),
    },
    "initech": {
        0: ("member", ("member",)),
        1: ("primary_owner", ("owner",)),
        3: ("admin", ("admin",)),
        7: ("guest", ("guest",)),
    },
}
_SUBJECTS = (
    "the release",
    "the parcel scanner",
    "the quarterly plan",
    "the test bench",
    "the night shift",
    "the new badge reader",
    "the pump drawings",
    "the invoice run",
    "the map tiles",
    "the spare parts list",
)
_OPENINGS = (
    "I looked at {}.",
    "Does anyone know the state of {}?",
    "{} is ready for review.",
    "We should talk about {}.",
    "Two questions about {}.",
    "Good news about {}.",
    "{} needs another day.",
)
_CLOSINGS = (
    "Notes are in the folder.",
    "I will write it up tonight.",
    "Please shout if something is odd.",
    "The second half looks fine.",
    "Let us decide on Thursday.",
    "No rush.",
    "Numbers attached soon.",
)
_REPLIES = (
    "On it.",
    "Thank you!",
    "I can take that.",
    "Looks right to me.",
    "Can we move this to tomorrow?",
    "Done.",
    "Which version?",
    "Agreed.",
)
_EMOJI = ("eyes", "tada", "thumbsup", "rocket", "heart", "white_check_mark")
_CHANNELS = ("design", "operations", "travel", "support", "hiring")
MESSAGES_EACH = 800
PEOPLE_EACH = 14


def people_of(country: str, seed: int) -> list[SeedPerson]:
    """14 people of a country; the first ones keep their given names whatever the seed."""
    dice = random.Random(f"people/{country}/{seed}")  # noqa: S311 - repeatable on purpose
    made = []
    for number, given in enumerate(_GIVEN[country][:PEOPLE_EACH]):
        family = dice.choice(_FAMILY[country])
        handle = given.lower()
        made.append(
            SeedPerson(
                handle,
                f"{given} {family}",
                dice.choice(_TITLES),
                _PHONE[country].format(number),
                _TZ[country],
                country,
                f"{handle}@{country.lower()}.{MAIL_DOMAIN}",
            )
        )
    return made


def workspaces(homes: dict[str, str], seed: int) -> list[SeedWorkspace]:
    """The workspaces of the given homes (cell name to country), in order: acme, globex, initech, then one a
    cell more.

    acme and globex are of one organisation; the first person of the second cell is a user of both.
    """
    names = ["acme", "globex", "initech", "umbra", "vandel"]
    titles = {
        "acme": "Acme Werke",
        "globex": "Globex Works",
        "initech": "Initech Udyog",
        "umbra": "Umbra Trading",
        "vandel": "Vandel Comercio",
    }
    made: list[SeedWorkspace] = []
    places = list(homes.items())
    for name, (home, country) in zip(names, places, strict=False):
        users = _users(name, country, seed)
        if name == "acme" and len(places) > 1:
            visitor = people_of(places[1][1], seed)[0]
            users = (*users, SeedUser(visitor, "member", ("member",)))
        made.append(_filled(name, titles[name], home, country, users, seed))
    return made


def _users(name: str, country: str, seed: int) -> tuple[SeedUser, ...]:
    roles = _ROLES.get(name, _ROLES["initech"])
    return tuple(
        SeedUser(person, *roles.get(number, ("member", ("member",))))
        for number, person in enumerate(people_of(country, seed))
    )


def _filled(
    name: str, title: str, home: str, country: str, users: tuple[SeedUser, ...], seed: int
) -> SeedWorkspace:
    dice = random.Random(f"workspace/{name}/{seed}")  # noqa: S311 - repeatable on purpose
    full = [user.person.handle for user in users if user.role != "guest"]
    guests = [user.person.handle for user in users if user.role == "guest"]
    channels = [SeedChannel("private-planning", True, "What is not yet decided", tuple(full[:6]))]
    for channel in _CHANNELS[: 3 if name == "acme" else 2]:
        others = dice.sample(full[1:], 6)
        channels.append(
            SeedChannel(
                channel,
                False,
                f"Everything about {channel}",
                (full[1], full[0], *[h for h in others if h != full[1]]),
            )
        )
    design = channels[1]
    channels[1] = replace(design, members=(*design.members, *guests))
    messages = _messages(dice, full, channels)
    organisation = "Acme Group" if name in ("acme", "globex") else ""
    return SeedWorkspace(name, title, home, country, organisation, users, tuple(channels), tuple(messages))


def _messages(dice: random.Random, full: list[str], channels: list[SeedChannel]) -> list[SeedMessage]:
    rooms: list[tuple[str, list[str]]] = [("general", full), ("random", full)]
    rooms += [(channel.name, list(dict.fromkeys(channel.members))) for channel in channels]
    made: list[SeedMessage] = []
    roots: dict[str, list[int]] = {room: [] for room, _ in rooms}
    counts: dict[str, int] = dict.fromkeys(roots, 0)
    for _ in range(MESSAGES_EACH):
        room, members = dice.choices(rooms, weights=[3, 2] + [1] * (len(rooms) - 2))[0]
        author = dice.choice(members)
        thread = dice.choice(roots[room][-5:]) if roots[room] and dice.random() < 0.25 else None
        text = dice.choice(_REPLIES) if thread is not None else _text(dice)
        reactions = tuple(
            {(dice.choice(_EMOJI), dice.choice(members)) for _ in range(dice.choice((0, 0, 0, 1, 2)))}
        )
        made.append(SeedMessage(room, author, text, thread, reactions))
        if thread is None:
            roots[room].append(counts[room])
            counts[room] += 1
    return made


def _text(dice: random.Random) -> str:
    subject = dice.choice(_SUBJECTS)
    opening = dice.choice(_OPENINGS).format(subject)
    return f"{opening[0].upper()}{opening[1:]} {dice.choice(_CLOSINGS)}"
