"""Callers: who calls a method, as proven by a token's record in the resident's log at its head."""

from collections.abc import Iterable
from dataclasses import dataclass

# An identity token of a user names the person behind it in a role of this form.
PERSON_ROLE = "person:"
# One of a person names in such roles the session that it was made in, or those that are to end.
SESSION_ROLE, END_ROLE = "session:", "ends:"


def named(roles: Iterable[str], prefix: str) -> list[str]:
    """What the roles of this form name, in order."""
    return sorted(role.removeprefix(prefix) for role in roles if role.startswith(prefix))


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller of one workspace or organisation.

    Attributes:
        resident: the workspace or organisation whose log holds the token.
        token_id: id of the token's record.
        kind: prefix of the token without its dash: `xoxp`, `xoxb`, `xoxc`, `xapp`.
        user: user or bot user; empty for app-level tokens.
        app, bot: of a bot token; empty otherwise.
        person: the person behind the user; empty for bots.
        role: `primary_owner`, `owner`, `admin`, `member`, `guest`, `single_channel_guest`; `bot`.
        scopes: of the record, never of the token's text.
    """

    resident: str
    token_id: str
    kind: str
    user: str
    app: str
    bot: str
    person: str
    role: str
    scopes: frozenset[str]

    @property
    def is_bot(self) -> bool:
        """Whether a bot token was shown."""
        return bool(self.bot)
