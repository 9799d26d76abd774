"""The doors of officers: enrolment, sessions, and who the officers are.

A session's token goes into `Authorization: Bearer`; there are no cookies, so no other site can act in a
browser's name.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from directory.domain.officers import Officer
from directory.services.officers import OfficerService


class Form(BaseModel):
    """A request's body: nothing but its members."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class EnrolmentForm(Form):
    """`secret`: as an operator's invitation gave it."""

    name: str = Field(max_length=40)
    secret: str = Field(max_length=128)
    password: str = Field(max_length=256)


class Enrolled(BaseModel):
    """`totp`: the second factor as `otpauth://` text, for an authenticator. Shown once."""

    totp: str


class SessionForm(Form):
    """`code`: the authenticator's six digits; each counts once."""

    name: str = Field(max_length=40)
    password: str = Field(max_length=256)
    code: str = Field(max_length=6)


class OfficerShown(BaseModel):
    """An officer as officers see each other."""

    name: str
    roles: list[str]
    jurisdictions: list[str]
    state: str


class SessionShown(BaseModel):
    """A session just opened. `expires_s`: unix seconds."""

    token: str
    expires_s: int
    officer: OfficerShown


class OfficerList(BaseModel):
    """By name."""

    officers: list[OfficerShown]


WhoAmI = Callable[..., Coroutine[Any, Any, Officer]]


# Of a revision or a halt in a path; a store takes no larger one.
Number = Annotated[int, Path(ge=1, le=2**53)]


def bearer(authorization: Annotated[str, Header(max_length=200)] = "") -> str:
    """The session's token, or nothing."""
    kind, _, token = authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def who(officers: OfficerService) -> WhoAmI:
    """The dependency that gives the officer of the session."""

    async def officer(token: Annotated[str, Depends(bearer)]) -> Officer:
        return await officers.who(token)

    return officer


def officer_routes(officers: OfficerService) -> APIRouter:
    """Enrolment, sessions, the list."""
    routes = APIRouter(prefix="/directory/v1", tags=["officers"])
    me = who(officers)

    @routes.post("/officers/enrolments", status_code=201)
    async def enrol(form: EnrolmentForm, request: Request) -> Enrolled:
        """Use an invitation up: set a password, get a second factor."""
        return Enrolled(totp=await officers.enrol(form.name, form.secret, form.password, _address(request)))

    @routes.post("/officers/sessions", status_code=201)
    async def sign_in(form: SessionForm, request: Request) -> SessionShown:
        """Sign in. Whatever does not fit gets one answer."""
        opened = await officers.sign_in(form.name, form.password, form.code, _address(request))
        return SessionShown(
            token=opened.token, expires_s=opened.session.expires_s, officer=shown(opened.officer)
        )

    @routes.delete("/officers/sessions/current", status_code=204)
    async def sign_out(
        token: Annotated[str, Depends(bearer)], officer: Annotated[Officer, Depends(me)]
    ) -> None:
        """End the session at once."""
        await officers.sign_out(token)

    @routes.get("/officers")
    async def read_officers(officer: Annotated[Officer, Depends(me)]) -> OfficerList:
        """Who may act on policies of the officer's jurisdictions."""
        return OfficerList(officers=[shown(it) for it in await officers.everybody(officer)])

    @routes.delete("/officers/{name}", status_code=204)
    async def disable(name: str, officer: Annotated[Officer, Depends(me)]) -> None:
        """Take an officer every way in; for operators."""
        await officers.disable(officer, name)

    return routes


def shown(officer: Officer) -> OfficerShown:
    """The officer without anything secret."""
    return OfficerShown(
        name=officer.name,
        roles=sorted(officer.roles),
        jurisdictions=list(officer.jurisdictions),
        state=officer.state.value,
    )


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""
