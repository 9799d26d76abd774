"""Officers: invited, enrolled, signed in, locked out; over every store."""

import pytest

from accord.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    PeerRefusedError,
    RateLimitedError,
    TokenExpiredError,
    TokenInvalidError,
    TokenMissingError,
)
from directory.adapters.memory.rates import LocalRate
from directory.domain.officers import FAILURES_MAX, LOCKED_S, SESSION_S, SESSIONS_MAX, STEP_S
from directory.domain.peers import Peer, PeerKind
from directory.services.officers import OfficerService, Opened
from tests.directory.world import HASHER, OPERATOR, PASSWORD, World

HERE = "127.0.0.1"


async def sign_in(world: World, name: str, later: int = 0, password: str = PASSWORD) -> Opened:
    """Sign in with the code of now, or of some steps later."""
    return await world.officers.sign_in(name, password, world.code(world.totp, later), HERE)


async def test_an_invited_officer_enrols_once_and_signs_in_with_two_factors(world: World) -> None:
    secret, until_s = await world.officers.invite(OPERATOR, "de-one", ["officer"], ["DE"])
    assert until_s == world.clock.now_us() // 1_000_000 + 24 * 3600
    with pytest.raises(TokenInvalidError):
        await world.officers.enrol("de-one", "x" * 43, PASSWORD, HERE)
    with pytest.raises(InvalidError):
        await world.officers.enrol("de-one", secret, "short", HERE)
    world.totp = await world.officers.enrol("de-one", secret, PASSWORD, HERE)
    with pytest.raises(TokenInvalidError):
        await world.officers.enrol("de-one", secret, PASSWORD, HERE)
    opened = await sign_in(world, "de-one")
    assert (await world.officers.who(opened.token)).jurisdictions == ("DE",)
    assert world.totp not in repr(opened)


async def test_an_invitation_ends_after_a_day(world: World) -> None:
    secret, _ = await world.officers.invite(OPERATOR, "de-one", ["officer"], ["DE"])
    world.clock.advance(24 * 3600)
    with pytest.raises(TokenInvalidError):
        await world.officers.enrol("de-one", secret, PASSWORD, HERE)


async def test_only_operators_invite_and_a_name_keeps_its_role(world: World) -> None:
    with pytest.raises(PeerRefusedError):
        await world.officers.invite(Peer(PeerKind.NODE, "de-fra"), "de-one", ["officer"], ["DE"])
    await world.officers.invite(OPERATOR, "de-one", ["officer"], ["DE"])
    for roles, codes in ((["counsel"], ["DE"]), (["officer"], ["*"])):
        with pytest.raises(ConflictError):
            await world.officers.invite(OPERATOR, "de-one", roles, codes)
    for roles, codes in (
        (["auditor", "officer"], ["DE"]),
        ([], ["DE"]),
        (["king"], ["DE"]),
        (["officer"], []),
    ):
        with pytest.raises(InvalidError):
            await world.officers.invite(OPERATOR, "de-two", roles, codes)


@pytest.mark.parametrize("fault", ["name", "password", "code", "long ago", "disabled"])
async def test_whatever_does_not_fit_gets_one_answer(world: World, fault: str) -> None:
    await world.officer("de-one")
    name, password, later = "de-one", PASSWORD, 0
    if fault == "name":
        name = "de-two"
    elif fault == "password":
        password = "another long password"
    elif fault == "code":
        later = 5
    elif fault == "long ago":
        later = -3
    else:
        operator = await world.officer("op-one", "operator")
        await world.officers.disable(operator, "de-one")
    with pytest.raises(TokenInvalidError) as refused:
        await sign_in(world, name, later, password)
    assert refused.value.metadata == {"why": "sign_in"}


async def test_a_code_counts_once_and_none_that_is_older_counts_after_it(world: World) -> None:
    await world.officer("de-one")
    await sign_in(world, "de-one")
    for later in (0, -1):
        with pytest.raises(TokenInvalidError):
            await sign_in(world, "de-one", later)
    world.clock.advance(STEP_S)
    await sign_in(world, "de-one")


async def test_failures_in_a_row_lock_whoever_tries_and_only_for_a_time(world: World) -> None:
    await world.officer("de-one")
    for _ in range(FAILURES_MAX):
        with pytest.raises(TokenInvalidError):
            await sign_in(world, "de-one", password="another long password")
    with pytest.raises(TokenInvalidError):
        await sign_in(world, "de-one")
    world.clock.advance(LOCKED_S)
    await sign_in(world, "de-one")
    log = await world.store.read(lambda unit: unit.log.page(0, 100))
    assert [it.open["act"] for it in log[-2:]] == ["officer_locked", "officer_signed_in"]
    assert log[-2].sealed == {"by": "directory", "about": "de-one"}


async def test_attempts_are_limited_by_name_and_by_address(world: World) -> None:
    few = OfficerService(
        world.store, world.clock, world.random, HASHER, world.factors, LocalRate(2), world.pen
    )
    for name, address in (("de-one", "10.0.0.1"), ("de-one", "10.0.0.2")):
        with pytest.raises(TokenInvalidError):
            await few.sign_in(name, PASSWORD, "000000", address)
    for name, address in (("de-one", "10.0.0.3"), ("de-two", "10.0.0.1"), ("de-three", "10.0.0.1")):
        if address == "10.0.0.1" and name == "de-two":
            with pytest.raises(TokenInvalidError):
                await few.sign_in(name, PASSWORD, "000000", address)
        else:
            with pytest.raises(RateLimitedError):
                await few.sign_in(name, PASSWORD, "000000", address)


async def test_a_session_ends_by_time_by_signing_out_and_by_its_officer_being_disabled(world: World) -> None:
    await world.officer("de-one")
    first = await sign_in(world, "de-one")
    world.clock.advance(SESSION_S)
    with pytest.raises(TokenExpiredError):
        await world.officers.who(first.token)
    second = await sign_in(world, "de-one")
    await world.officers.sign_out(second.token)
    with pytest.raises(TokenInvalidError):
        await world.officers.who(second.token)
    world.clock.advance(STEP_S)
    third = await sign_in(world, "de-one")
    operator = await world.officer("op-one", "operator")
    await world.officers.disable(operator, "de-one")
    with pytest.raises(TokenInvalidError):
        await world.officers.who(third.token)
    for token, kind in (("", TokenMissingError), ("x" * 43, TokenInvalidError), ("!", TokenInvalidError)):
        with pytest.raises(kind):
            await world.officers.who(token)


async def test_the_oldest_session_makes_room(world: World) -> None:
    await world.officer("de-one")
    opened = []
    for _ in range(SESSIONS_MAX + 1):
        opened.append(await sign_in(world, "de-one"))
        world.clock.advance(STEP_S)
    with pytest.raises(TokenInvalidError):
        await world.officers.who(opened[0].token)
    for later in opened[1:]:
        await world.officers.who(later.token)


async def test_only_an_operator_disables(world: World) -> None:
    officer = await world.officer("de-one")
    auditor = await world.officer("au-one", "auditor")
    for nobody in (officer, auditor):
        with pytest.raises(ForbiddenError):
            await world.officers.disable(nobody, "de-one")
    assert [it.name for it in await world.officers.everybody(auditor)] == ["au-one", "de-one"]


async def test_neither_password_nor_secret_nor_token_is_in_the_store_or_the_log(world: World) -> None:
    await world.officer("de-one")
    opened = await sign_in(world, "de-one")
    held = await world.store.read(lambda unit: (unit.officers.everybody(), unit.log.page(0, 100)))
    for secret in (PASSWORD, opened.token, world.totp.partition("secret=")[2].partition("&")[0]):
        assert secret not in repr(held)
