"""Officers: who may act on policies, and how they prove who they are.

    officer, counsel   write, analyse, approve and activate policies of their jurisdictions
    operator           halts flows and looks after the other officers' access
    auditor            reads everything and changes nothing

Everybody else reads what is about their own jurisdictions, and what binds or names nobody in particular.

Invariants
    1. What a role may do stands in `MAY` alone; what is not there nobody may do.
    2. A code of the second factor counts once: its step has to be later than every step used before.
    3. After `FAILURES_MAX` failures in a row an officer is locked for `LOCKED_S`, whatever is given then.
    4. What is about a jurisdiction is read by its officers; what is about none that is known, by those alone
       who read everything.
    5. A name is chosen by the operator who enrols and stands in records for years: it is no person's name.
"""

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from accord.errors import ConflictError, ForbiddenError, InvalidError, TokenInvalidError
from directory.domain.names import check_code, check_name

EVERYWHERE = "*"
UNKNOWN = frozenset({"", "ZZ"})
"""What stands for a jurisdiction that nobody knows; it is no officer's."""
SESSION_S = 30 * 60
ENROLMENT_S = 24 * 3600
FAILURES_MAX = 5
LOCKED_S = 15 * 60
STEP_S = 30
PASSWORD_CHARACTERS_MIN, PASSWORD_CHARACTERS_MAX = 12, 256
SESSIONS_MAX = 8
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


class Role(StrEnum):
    """What an officer is there for."""

    OFFICER = "officer"
    COUNSEL = "counsel"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class OfficerAct(StrEnum):
    """What officers do, each one row of `MAY`."""

    READ = "read"
    SUBMIT = "submit"
    ANALYSE = "analyse"
    APPROVE = "approve"
    ACTIVATE = "activate"
    ROLL_BACK = "roll_back"
    HALT = "halt"
    APPROVE_HALT = "approve_halt"
    LIFT_HALT = "lift_halt"
    DISABLE = "disable"


_WRITERS = frozenset({Role.OFFICER, Role.COUNSEL})
MAY: dict[OfficerAct, frozenset[Role]] = {
    OfficerAct.READ: frozenset(Role),
    OfficerAct.SUBMIT: _WRITERS,
    OfficerAct.ANALYSE: _WRITERS,
    OfficerAct.APPROVE: _WRITERS,
    OfficerAct.ACTIVATE: _WRITERS,
    OfficerAct.ROLL_BACK: _WRITERS,
    OfficerAct.HALT: _WRITERS | {Role.OPERATOR},
    OfficerAct.APPROVE_HALT: _WRITERS,
    OfficerAct.LIFT_HALT: _WRITERS,
    OfficerAct.DISABLE: frozenset({Role.OPERATOR}),
}
"""Act to the roles that may do it."""


class OfficerState(StrEnum):
    """An invited officer has no password yet; a disabled one has no way in."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer. `enrolment`: SHA-256 of the one-time secret, empty once used; `totp_sealed`: under the
    directory's key for officers; `last_step`: of the newest code that counted.
    """

    name: str
    roles: frozenset[Role]
    jurisdictions: tuple[str, ...]
    state: OfficerState
    password_hash: str = ""
    totp_sealed: bytes = b""
    last_step: int = 0
    failures: int = 0
    locked_until_s: int = 0
    enrolment: bytes = b""
    enrolment_until_s: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """A session; its token is kept as SHA-256 alone."""

    digest: bytes
    officer: str
    opened_s: int
    expires_s: int


def check_officer(name: str, roles: list[str], jurisdictions: list[str]) -> Officer:
    """An invited officer, proven in form; raises InvalidError.

    An auditor is nothing else beside, since whoever only reads must not change what they read.
    """
    check_name(name, "name")
    try:
        held = frozenset(Role(role) for role in roles)
    except ValueError:
        raise InvalidError(field="roles", why="unknown") from None
    if not held or (Role.AUDITOR in held and len(held) > 1):
        raise InvalidError(field="roles", why="one at least, and an auditor has no other")
    if not 0 < len(jurisdictions) <= 32:
        raise InvalidError(field="jurisdictions", why="1 to 32")
    for code in jurisdictions:
        if code != EVERYWHERE:
            check_code(code, "jurisdictions")
    return Officer(name, held, tuple(sorted(set(jurisdictions))), OfficerState.INVITED)


def check_password(password: str) -> str:
    """The same password, long enough and not too long; raises InvalidError."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        why = f"{PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters"
        raise InvalidError(field="password", why=why)
    return password


def check_totp_code(code: str) -> str:
    """The same code, six digits; raises InvalidError."""
    if not _CODE.fullmatch(code):
        raise InvalidError(field="code", why="six digits")
    return code


def invite(existing: Officer | None, asked: Officer, secret: bytes, now_s: int) -> Officer:
    """The officer with a new one-time secret. An active officer is invited anew by this: password and second
    factor are gone, and so is a lock; roles and jurisdictions of a name never change.

    Raises:
        ConflictError: the name stands for other roles or jurisdictions.
    """
    if existing is not None and (existing.roles, existing.jurisdictions) != (
        asked.roles,
        asked.jurisdictions,
    ):
        raise ConflictError(what="officer", officer=asked.name)
    return replace(asked, enrolment=hashlib.sha256(secret).digest(), enrolment_until_s=now_s + ENROLMENT_S)


def enrol(
    officer: Officer | None, secret: bytes, password_hash: str, totp_sealed: bytes, now_s: int
) -> Officer:
    """The officer with a password and a second factor; the secret is used up.

    Raises:
        TokenInvalidError: no such officer, another secret, or one whose time is over: all alike.
    """
    given = hashlib.sha256(secret).digest()
    held = officer.enrolment if officer is not None else b""
    fits = hmac.compare_digest(held or bytes(32), given) and bool(held)
    if officer is None or not fits or now_s >= officer.enrolment_until_s:
        raise TokenInvalidError(why="enrolment")
    return replace(
        officer,
        state=OfficerState.ACTIVE,
        password_hash=password_hash,
        totp_sealed=totp_sealed,
        last_step=0,
        enrolment=b"",
        enrolment_until_s=0,
    )


def failed(officer: Officer, now_s: int) -> Officer:
    """The officer after one more failure in a row."""
    failures = officer.failures + 1
    if failures < FAILURES_MAX:
        return replace(officer, failures=failures)
    return replace(officer, failures=0, locked_until_s=now_s + LOCKED_S)


def entered(officer: Officer, step: int) -> Officer:
    """The officer after a sign-in with the code of this step.

    Raises:
        TokenInvalidError: that step, or a later one, was used before.
    """
    if step <= officer.last_step:
        raise TokenInvalidError(why="code used before")
    return replace(officer, failures=0, locked_until_s=0, last_step=step)


def require_may(officer: Officer, act: OfficerAct, jurisdictions: frozenset[str] = frozenset()) -> Officer:
    """The same officer, proven to be allowed to do this in all of these jurisdictions.

    Raises:
        ForbiddenError: `needed` names the role or the jurisdiction.
    """
    roles = MAY[act]
    if officer.state is not OfficerState.ACTIVE or not officer.roles & roles:
        raise ForbiddenError(needed="role:" + "|".join(sorted(roles)))
    missing = jurisdictions - set(officer.jurisdictions)
    if missing and EVERYWHERE not in officer.jurisdictions:
        raise ForbiddenError(needed="jurisdiction:" + ",".join(sorted(missing)))
    return officer


def reads_everything(officer: Officer) -> bool:
    """Whether nothing is withheld from them: an auditor, or whoever has every jurisdiction."""
    return Role.AUDITOR in officer.roles or EVERYWHERE in officer.jurisdictions


def may_read(officer: Officer, about: Collection[str]) -> bool:
    """Whether what is about these jurisdictions together is theirs to read; an unknown one is nobody's."""
    theirs = set(officer.jurisdictions) - UNKNOWN
    return reads_everything(officer) or (bool(about) and set(about) <= theirs)


def require_read(officer: Officer, about: Collection[str]) -> Officer:
    """The same officer, proven to be allowed to read what is about these jurisdictions.

    Raises:
        ForbiddenError: `needed` names the role or the jurisdictions.
    """
    require_may(officer, OfficerAct.READ)
    if not may_read(officer, about):
        missing = (set(about) or {EVERYWHERE}) - set(officer.jurisdictions)
        raise ForbiddenError(needed="jurisdiction:" + ",".join(sorted(missing)))
    return officer


def knows(officer: Officer, other: Officer) -> bool:
    """Whether one officer is told of another: they may act on something that is theirs both."""
    shared = {EVERYWHERE, *officer.jurisdictions} & set(other.jurisdictions)
    return reads_everything(officer) or officer.name == other.name or bool(shared)
