"""Officers: invited by operators, enrolled once, signed in with two factors, and signed out again.

Invariants
    1. Unknown, disabled, locked, a wrong password, a wrong or a used code: one answer and the same work.
    2. Attempts are counted before any work is done, by address and by name; failures in a row lock.
    3. Whatever an officer gains or loses is an entry of the policy log, in the same transaction.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from accord.clock import Clock
from accord.encoding import b64url, unb64url
from accord.errors import (
    InvalidError,
    NotFoundError,
    TokenExpiredError,
    TokenInvalidError,
    TokenMissingError,
)
from directory.domain.names import check_name
from directory.domain.officers import (
    SESSION_S,
    SESSIONS_MAX,
    Officer,
    OfficerAct,
    OfficerState,
    Session,
    check_officer,
    check_password,
    check_totp_code,
    enrol,
    entered,
    failed,
    invite,
    knows,
    require_may,
)
from directory.domain.peers import Peer, require_operator
from directory.domain.policy_log import SALT_BYTES, Act, LogPen
from directory.ports.outside import Hasher, Rate, SecondFactors
from directory.ports.store import ReadUnit, Store, WriteUnit

SECRET_BYTES = 32
TOKEN_CHARACTERS_MAX = 128


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened: its token, shown once."""

    token: str
    session: Session
    officer: Officer


class OfficerService:
    """Officers and their sessions.

    Args:
        rate: attempts by address and by name.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        random: Callable[[int], bytes],
        hasher: Hasher,
        factors: SecondFactors,
        rate: Rate,
        pen: LogPen,
    ) -> None:
        self._store, self._clock, self._random = store, clock, random
        self._hasher, self._factors, self._rate, self._pen = hasher, factors, rate, pen

    async def invite(
        self, peer: Peer, name: str, roles: list[str], jurisdictions: list[str]
    ) -> tuple[str, int]:
        """A one-time secret with which the officer enrols, and until when (unix seconds).

        Raises:
            PeerRefusedError: no operator. InvalidError. ConflictError: the name stands for another role.
        """
        require_operator(peer)
        asked = check_officer(name, roles, jurisdictions)
        secret, now_s = self._random(SECRET_BYTES), self._now_s()

        def work(unit: WriteUnit) -> Officer:
            officer = invite(unit.officers.find(name), asked, secret, now_s)
            unit.officers.put(officer)
            self._close_all(unit, name)
            facts: dict[str, object] = {
                "roles": sorted(officer.roles),
                "jurisdictions": list(officer.jurisdictions),
            }
            self._enter(unit, Act("officer_invited", f"operator:{peer.name}", facts, about=name))
            unit.commit()
            return officer

        officer = await self._store.write(work)
        return b64url(secret), officer.enrolment_until_s

    async def enrol(self, name: str, secret_text: str, password: str, address: str) -> str:
        """Use the secret up: set the password and make a second factor; its `otpauth://` text, shown once.

        Raises:
            TokenInvalidError: another secret, or one whose time is over. InvalidError. RateLimitedError.
        """
        self._spend(name, address)
        check_password(password)
        secret, now_s = _bytes(secret_text), self._now_s()
        encoded = await self._hasher.hash(password)
        sealed, text = self._factors.make(name)

        def work(unit: WriteUnit) -> None:
            unit.officers.put(enrol(unit.officers.find(name), secret, encoded, sealed, now_s))
            self._enter(unit, Act("officer_enrolled", name))
            unit.commit()

        await self._store.write(work)
        return text

    async def sign_in(self, name: str, password: str, code: str, address: str) -> Opened:
        """Open a session.

        Raises:
            TokenInvalidError: it does not fit, whatever it is. RateLimitedError. InvalidError.
        """
        self._spend(name, address)
        check_totp_code(code)
        if len(password) > 1_024:
            raise InvalidError(field="password", why="too long")
        held = await self._store.read(lambda unit: unit.officers.find(name))
        active = held is not None and held.state is OfficerState.ACTIVE
        fits = await self._hasher.verify(
            held.password_hash if held is not None and active else None, password
        )
        token, now_s = self._random(SECRET_BYTES), self._now_s()
        session = Session(_digest(token), name, now_s, now_s + SESSION_S)

        def work(unit: WriteUnit) -> Officer | None:
            officer = unit.officers.find(name)
            if officer is None or officer.state is not OfficerState.ACTIVE or officer != held:
                return None
            if now_s < officer.locked_until_s:
                return None
            opened = self._entered(officer, fits, code, now_s)
            unit.officers.put(opened or failed(officer, now_s))
            if opened is not None:
                self._close_surplus(unit, name)
                unit.officers.open_session(session)
                self._enter(unit, Act("officer_signed_in", name))
            elif failed(officer, now_s).locked_until_s > now_s:
                self._enter(unit, Act("officer_locked", "directory", about=name))
            unit.commit()
            return opened

        officer = await self._store.write(work)
        if officer is None:
            raise TokenInvalidError(why="sign_in")
        return Opened(b64url(token), session, officer)

    async def who(self, token_text: str) -> Officer:
        """The officer whose session it is.

        Raises:
            TokenMissingError, TokenInvalidError, TokenExpiredError
        """
        if not token_text:
            raise TokenMissingError()
        digest, now_s = _digest(_bytes(token_text)), self._now_s()

        def work(unit: ReadUnit) -> tuple[Session | None, Officer | None]:
            session = unit.officers.session(digest)
            return session, unit.officers.find(session.officer) if session is not None else None

        session, officer = await self._store.read(work)
        if session is None or officer is None or officer.state is not OfficerState.ACTIVE:
            raise TokenInvalidError(why="session")
        if now_s >= session.expires_s:
            raise TokenExpiredError(why="session")
        return officer

    async def sign_out(self, token_text: str) -> None:
        """End this session; one that is over already stays so."""
        digest = _digest(_bytes(token_text))

        def work(unit: WriteUnit) -> None:
            session = unit.officers.session(digest)
            if session is not None:
                unit.officers.close_session(digest)
                self._enter(unit, Act("officer_signed_out", session.officer))
                unit.commit()

        await self._store.write(work)

    async def everybody(self, officer: Officer) -> list[Officer]:
        """Officers who may act in a jurisdiction of theirs; raises ForbiddenError."""
        require_may(officer, OfficerAct.READ)
        everybody = await self._store.read(lambda unit: unit.officers.everybody())
        return [it for it in everybody if knows(officer, it)]

    async def disable(self, by: Officer, name: str) -> None:
        """Take every way in: sessions end at once, and only an operator's invitation opens one again.

        Raises:
            ForbiddenError: no operator of all of their jurisdictions. NotFoundError, InvalidError
        """
        require_may(by, OfficerAct.DISABLE)
        check_name(name, "name")

        def work(unit: WriteUnit) -> None:
            officer = unit.officers.find(name)
            if officer is None:
                raise NotFoundError(thing="officer")
            require_may(by, OfficerAct.DISABLE, frozenset(officer.jurisdictions))
            gone = replace(
                officer, state=OfficerState.DISABLED, password_hash="", totp_sealed=b"", enrolment=b""
            )
            unit.officers.put(gone)
            self._close_all(unit, name)
            self._enter(unit, Act("officer_disabled", by.name, about=name))
            unit.commit()

        await self._store.write(work)

    async def sweep(self) -> None:
        """Forget sessions whose time is over."""
        now_s = self._now_s()

        def work(unit: WriteUnit) -> None:
            unit.officers.close_sessions_before(now_s)
            unit.commit()

        await self._store.write(work)

    def _entered(self, officer: Officer, fits: bool, code: str, now_s: int) -> Officer | None:
        step = self._factors.step_of(officer.name, officer.totp_sealed, code, now_s)
        if not fits or step is None:
            return None
        try:
            return entered(officer, step)
        except TokenInvalidError:
            return None

    def _spend(self, name: str, address: str) -> None:
        check_name(name, "name")
        self._rate.spend(f"address:{address}", 1)
        self._rate.spend(f"name:{name}", 1)

    def _close_all(self, unit: WriteUnit, name: str) -> None:
        for session in unit.officers.sessions_of(name):
            unit.officers.close_session(session.digest)

    def _close_surplus(self, unit: WriteUnit, name: str) -> None:
        for session in unit.officers.sessions_of(name)[: -(SESSIONS_MAX - 1)]:
            unit.officers.close_session(session.digest)

    def _enter(self, unit: WriteUnit, act: Act) -> None:
        self._pen.enter(unit.log, act, self._now_s(), self._random(SALT_BYTES))

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _bytes(text: str) -> bytes:
    if not 0 < len(text) <= TOKEN_CHARACTERS_MAX:
        raise TokenInvalidError(why="malformed")
    try:
        return unb64url(text)
    except InvalidError:
        raise TokenInvalidError(why="malformed") from None
