"""What the seed made: residents with their ids and tokens, as the ready line shows them."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class SeededUser:
    """A person's face in one workspace; one row of `people[]`."""

    name: str
    handle: str
    email: str
    password: str
    person: str
    user_id: str
    workspace: str
    home: str
    roles: list[str]
    token: str
    sign_in_url: str | None = None


@dataclass
class SeededWorkspace:
    """One row of `workspaces[]`. `webhook_path`: of the app's webhook to #general, below any edge."""

    id: str
    name: str
    home: str
    organisation: str
    channels: dict[str, str]
    webhook_path: str = ""


@dataclass
class SeededApp:
    """One row of `apps[]`."""

    workspace: str
    app_id: str
    bot_user_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    client_id: str
    client_secret: str


@dataclass
class SeededOrganisation:
    """One row of `organisations[]`."""

    id: str
    name: str
    home: str
    workspaces: list[str]
    admin: str
    admin_token: str


@dataclass
class Residents:
    """Everything seeded. `to_json` and `from_json` keep it between starts of a kept demo."""

    organisations: list[SeededOrganisation] = field(default_factory=list)
    workspaces: list[SeededWorkspace] = field(default_factory=list)
    users: list[SeededUser] = field(default_factory=list)
    apps: list[SeededApp] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As `secrets.json` holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Residents":
        """The inverse of `to_json`."""
        return cls(
            [SeededOrganisation(**row) for row in fields["organisations"]],
            [SeededWorkspace(**row) for row in fields["workspaces"]],
            [SeededUser(**row) for row in fields["users"]],
            [SeededApp(**row) for row in fields["apps"]],
        )

    def workspace(self, name: str) -> SeededWorkspace:
        """By name. Raises StopIteration for an unknown one."""
        return next(row for row in self.workspaces if row.name == name)
