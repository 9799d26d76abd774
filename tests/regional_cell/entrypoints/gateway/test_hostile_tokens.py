"""What is shown instead of a token, ticket, mark or cursor opens nothing, and says no more than that."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from accord.encoding import b64url, canonical_json, unb64url
from accord.identity import TOKEN_PREFIXES, SigningKey, mint, new_token_id
from tests.regional_cell.edges import TestEdge, edge_to
from tests.regional_cell.entrypoints.gateway.conftest import Town

# A cell is started for each test, which is slow where everything is.
pytestmark = pytest.mark.timeout(600)
STRANGER = SigningKey.from_seed(b"s" * 32)
PURPOSES = ("rtm", "app_socket", "upload", "response", "sign_in", "identity", "resume")
Case = Callable[[Town], str]


def key(town: Town) -> SigningKey:
    """The key by which this cell signs."""
    return town.cell.settings.keys.signing_keys()[0]


def claims(town: Town, **changed: object) -> dict[str, object]:
    """The payload of ann's token, with members changed; None takes one away."""
    payload = json.loads(unb64url(town.tokens[0][5:].partition(".")[0]))
    return {name: value for name, value in (payload | changed).items() if value is not None}


def signed(town: Town, payload: bytes, purpose: str = "xoxp", by: SigningKey | None = None) -> str:
    """A token over these very bytes."""
    return f"{purpose}-{b64url(payload)}.{b64url((by or key(town)).sign(purpose, payload))}"


def changed(**members: object) -> Case:
    """The token with other members, signed by the cell itself."""
    return lambda town: signed(town, canonical_json(claims(town, **members)))


def cut(first: int, last: int | None) -> Case:
    """A part of the token."""
    return lambda town: town.tokens[0][first:last]


def jwt(town: Town, algorithm: str) -> str:
    """What other systems call a token."""
    head, body = (
        b64url(json.dumps(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"}, claims(town))
    )
    code = hmac.digest(key(town).public, f"{head}.{body}".encode(), hashlib.sha256)
    return f"xoxp-{head}.{body}.{b64url(code) if algorithm != 'none' else ''}"


def with_part(place: int, change: Callable[[str], str]) -> Case:
    """The token with its payload (0) or signature (1) changed as text."""

    def case(town: Town) -> str:
        parts = town.tokens[0][5:].split(".")
        parts[place] = change(parts[place])
        return "xoxp-" + ".".join(parts)

    return case


def prefixed(prefix: str) -> Case:
    """The token under another prefix."""
    return lambda town: prefix + town.tokens[0][5:]


def ticket_for(purpose: str) -> Case:
    """A ticket of this cell in a token's place."""

    def case(town: Town) -> str:
        return mint(key(town), purpose, {"i": "x", "r": town.team, "x": int(time.time()) + 9}, ticket=True)

    return case


def claims_as_json(town: Town, **changed: object) -> bytes:
    """The payload with members changed, in order and without blanks, whatever numbers they are."""
    return json.dumps(claims(town, **changed), sort_keys=True, separators=(",", ":")).encode()


KEYS: dict[str, object] = {
    "a path": "../../dev/null",
    "a statement": "' OR 1=1 --",
    "an address": "https://keys.example/key",
    "a long text": "k" * 300,
    "a number": 0,
    "nothing": "",
}
# What attacks tokens elsewhere and has no place here, and why.
ABSENT = {
    "tokens of other issuers (OIDC, SAML)": "nobody signs in through another issuer: nothing reads them",
    "refresh tokens that are used twice": "there are none: a session's token is renewed by signing in",
    "proofs of possession (DPoP)": "tokens are of bearers; between planes certificates prove both ends",
}
# A cell takes at most 1,024 characters from an edge, and an edge no longer one from a client.
FORMS: dict[str, Case] = {
    **{f"prefix {prefix}": prefixed(prefix) for prefix in TOKEN_PREFIXES if prefix != "xoxp-"},
    "prefix in capitals": lambda town: "XOXP-" + town.tokens[0][5:],
    "unknown prefix": lambda town: "xoxz-" + town.tokens[0][5:],
    "prefix twice": lambda town: "xoxp-" + town.tokens[0],
    "no prefix": cut(5, None),
    "prefix alone": cut(0, 5),
    "payload alone": lambda town: town.tokens[0].partition(".")[0],
    "cut by one": cut(0, -1),
    "cut in half": lambda town: town.tokens[0][: len(town.tokens[0]) // 2],
    "no signature": lambda town: town.tokens[0].partition(".")[0] + ".",
    "no payload": lambda town: "xoxp-." + town.tokens[0].partition(".")[2],
    "other last bits": with_part(1, lambda text: text[:-1] + chr(ord(text[-1]) + 1)),
    "the alphabet of plain base64": with_part(0, lambda text: "+/" + text[2:]),
    "a fraction as end": lambda town: signed(town, claims_as_json(town, x=4e9)),
    "an end in another notation": lambda town: signed(
        town, canonical_json(claims(town, x=7)).replace(b'"x":7', b'"x":7e9')
    ),
    "a long payload": lambda town: signed(town, canonical_json(claims(town, more="x" * 400))),
    "a nested payload": lambda town: signed(
        town, canonical_json(claims(town, more=1)).replace(b'"more":1', b'"more":' + b"[" * 150 + b"]" * 150)
    ),
    "three parts": lambda town: town.tokens[0] + ".x",
    "a blank behind": lambda town: town.tokens[0] + " ",
    "a line break behind": lambda town: town.tokens[0] + "\n",
    "a NUL behind": lambda town: town.tokens[0] + "\0",
    "two tokens": lambda town: town.tokens[0] + "," + town.tokens[1],
    "padding": lambda town: town.tokens[0] + "==",
    "letters of other scripts": lambda town: town.tokens[0][:-3] + "\uff21\uff22\uff23",
    "a long one": lambda town: "xoxp-" + "A" * 1_000,
    "a JWT without algorithm": lambda town: jwt(town, "none"),
    "a JWT by the public key": lambda town: jwt(town, "HS256"),
    "signature of zeros": with_part(1, lambda _: b64url(bytes(64))),
    "signature of ones": with_part(1, lambda _: b64url(b"\xff" * 64)),
    "signature too short": with_part(1, lambda text: b64url(unb64url(text)[:63])),
    "signature too long": with_part(1, lambda text: b64url(unb64url(text) + b"\0")),
    "signature reversed": with_part(1, lambda text: b64url(unb64url(text)[::-1])),
    "payload of others": lambda town: (
        town.tokens[1].partition(".")[0] + "." + town.tokens[0].partition(".")[2]
    ),
    "an empty payload": lambda town: signed(town, b""),
    "a list as payload": lambda town: signed(town, b"[]"),
    "no JSON as payload": lambda town: signed(town, b"\xff"),
    "blanks in the payload": lambda town: signed(town, json.dumps(claims(town), sort_keys=True).encode()),
    "a member twice": lambda town: signed(town, canonical_json(claims(town))[:-1] + b',"u":"U00000000FFFF"}'),
    "members in another order": lambda town: signed(
        town, json.dumps(dict(reversed(claims(town).items())), separators=(",", ":")).encode()
    ),
}
SIGNED: dict[str, Case] = {
    "a stranger's key": lambda town: mint(STRANGER, "xoxp-", claims(town, k=None)),
    "a stranger under our key's name": lambda town: signed(town, canonical_json(claims(town)), by=STRANGER),
    "signed as a ticket": lambda town: (
        f"xoxp-{mint(key(town), 'rtm', claims(town, k=None, x=int(time.time()) + 9), ticket=True)}"
    ),
    "signed as a bot's": lambda town: "xoxp-" + signed(town, canonical_json(claims(town)), "xoxb")[5:],
    **{f"a ticket for {purpose}": ticket_for(purpose) for purpose in PURPOSES},
    **{f"{name} missing": changed(**{name: None}) for name in ("i", "r", "t", "u", "k")},
    "one member more": changed(admin=True),
    **{f"key named by {name}": changed(k=text) for name, text in KEYS.items()},
    "a key of its own": lambda town: signed(
        town, canonical_json(claims(town, jwk={"x": b64url(STRANGER.public)})), by=STRANGER
    ),
    "an address of keys": changed(jku="https://keys.example/jwks.json"),
    "a chain of certificates": changed(x5u="https://keys.example/chain.pem"),
    "an algorithm": changed(alg="none"),
    "an audience": changed(aud="de-fra"),
    "never issued": lambda town: signed(town, canonical_json(claims(town, i=new_token_id()))),
    "id too short": changed(i=b64url(b"x")),
    "id not base64url": changed(i="=="),
    "id as a number": changed(i=1),
    "another resident": changed(r="T00000000FFFF"),
    "a person as resident": lambda town: changed(r=town.persons[0])(town),
    "resident as a path": changed(r="../" + "T" * 10),
    "another user": lambda town: changed(u=town.users[1])(town),
    "a user of nowhere": changed(u="U00000000FFFF"),
    "a person as user": lambda town: changed(u=town.persons[0])(town),
    "an app beside the user": changed(a="A00000000FFFF"),
    "issued as text": changed(t="1"),
    "issued as truth": changed(t=True),
    "issued in the future": lambda town: changed(t=int(time.time()) + 3_600)(town),
    "issued before its key": changed(t=-(10**6)),
    "issued after all time": changed(t=2**62),
    "an end as text": changed(x="never"),
    "an end as a list": changed(x=[]),
    "an end beyond all time": changed(x=2**62),
}
EXPIRED: dict[str, Case] = {
    "ended": lambda town: changed(t=1, x=int(time.time()) - 3_600)(town),
    "ended at zero": changed(t=1, x=0),
    "ended before it began": changed(t=1, x=-1),
}
TABLE = {
    **{name: (case, "invalid_auth") for name, case in (FORMS | SIGNED).items()},
    **{name: (case, "token_expired") for name, case in EXPIRED.items()},
}


async def test_no_other_token_opens_what_a_token_opens(town: Town) -> None:
    assert len(TABLE) >= 90
    async with edge_to(town.site) as edge:
        for name, (case, error) in TABLE.items():
            answer = await edge.ask("auth.test", token=case(town), resident=town.team)
            assert answer == {"ok": False, "error": error}, name
        assert (await edge.ask("auth.test", token=town.tokens[0], resident=town.team))["ok"]


async def test_a_token_that_held_opens_nothing_after_it_was_taken_back(town: Town) -> None:
    async with edge_to(town.site) as edge:
        who: dict[str, Any] = {"token": town.tokens[2], "resident": town.team}
        ticket = (await edge.ask("rtm.connect", **who))["url"].rpartition("/")[2]
        assert (await edge.ask("auth.revoke", **who))["ok"]
        for method in ("auth.test", "auth.revoke", "conversations.list", "rtm.connect"):
            assert (await edge.ask(method, **who))["error"] == "token_revoked", method
        await edge.open_with(1, ticket)
        assert edge.refused(1) is not None


def tickets(town: Town, good: str) -> dict[str, str]:
    """What is shown instead of a ticket for a socket."""
    payload = json.loads(unb64url(good.partition(".")[0]))
    again = {name: value for name, value in payload.items() if name != "k"}
    now_s = int(time.time())

    def made(by: SigningKey | None = None, purpose: str = "rtm", **members: object) -> str:
        # The id of its own: a ticket is spent before it is looked at further.
        return mint(by or key(town), purpose, again | {"i": new_token_id()} | members, ticket=True)

    return {
        "nothing": "",
        "a token": town.tokens[0],
        "cut": good[:-1],
        "another edge": made(edge="ber"),
        "no edge": made(edge=""),
        "a stranger's": made(STRANGER),
        "ended": made(x=now_s - 60),
        "too long a life": made(x=now_s + 86_400),
        "for an upload": made(purpose="upload"),
        "to sign in": made(purpose="sign_in"),
        "another token": made(tok=new_token_id()),
        "no token": made(tok=""),
        "another user": made(u=town.users[1]),
        "another resident": made(r="T00000000FFFF"),
        "a person": made(r=town.persons[0]),
        "an end as text": made(x="soon"),
    }


async def test_a_ticket_opens_one_socket_and_no_other_ticket_does(town: Town) -> None:
    async with edge_to(town.site) as edge:
        who: dict[str, Any] = {"token": town.tokens[0], "resident": town.team}
        good = (await edge.ask("rtm.connect", **who))["url"].rpartition("/")[2]
        for number, (name, ticket) in enumerate(tickets(town, good).items(), 100):
            await edge.open_with(number, ticket)
            assert edge.refused(number) is not None, name
        await edge.open_with(1, good)
        assert edge.refused(1) is None
        await edge.open_with(2, good)
        assert edge.refused(2) is not None


async def test_a_mark_of_others_or_of_nobody_resumes_nothing(town: Town) -> None:
    async with edge_to(town.site) as edge:
        await edge.open_socket(1, town.tokens[0], town.team)
        mark = await edge.marked(1)
        await edge.open_socket(2, town.tokens[1], town.team)
        others = await edge.marked(2)
        raw = unb64url(mark)
        shown = (
            others,
            mark[:-1],
            b64url(raw[:-1]),
            b64url(bytes(len(raw))),
            b64url(raw[:12] + raw),
            "\0",
            "x" * 5_000,
            town.tokens[0],
        )
        for number, resume in enumerate(shown, 10):
            await edge.open_socket(number, town.tokens[0], town.team, resume)
            await edge.until(lambda number=number: edge.heard.get(number))
            assert edge.heard[number][0] == {"type": "hello", "x_resync": True}, resume[:30]
        await edge.open_socket(3, town.tokens[0], town.team, mark)
        await edge.until(lambda: edge.heard.get(3))
        assert edge.heard[3][0] == {"type": "hello"}


async def test_a_cursor_goes_on_with_its_own_list_only(town: Town) -> None:
    async with edge_to(town.site) as edge:
        for number in range(4):
            await post(edge, town, f"{number}")
        first = await listed(edge, town, channel=town.general, limit=2)
        cursor = first["response_metadata"]["next_cursor"]
        raw = unb64url(cursor)
        wrong: tuple[tuple[dict[str, Any], str], ...] = (
            ({"channel": town.room}, cursor),
            ({"channel": town.general, "oldest": "1.0"}, cursor),
            ({"channel": town.general}, cursor[:-1]),
            ({"channel": town.general}, b64url(raw[:16])),
            ({"channel": town.general}, b64url(bytes(16) + raw[16:])),
            ({"channel": town.general}, "dGVhbTpD"),
        )
        for fields, text in wrong:
            answer = await listed(edge, town, **fields, cursor=text, limit=2)
            assert answer == {**answer, "ok": False, "error": "invalid_cursor"}, fields
        for method in ("conversations.list", "users.list", "reactions.list"):
            answer = await edge.ask(method, {"cursor": cursor}, token=town.tokens[0], resident=town.team)
            assert answer["error"] in ("invalid_cursor", "missing_scope"), method
        for _ in range(2):
            again = await listed(edge, town, channel=town.general, limit=2, cursor=cursor)
            assert len(again["messages"]) == 2


async def post(edge: TestEdge, town: Town, text: str) -> None:
    """One message of ann in the general channel."""
    fields = {"channel": town.general, "text": text}
    assert (await edge.ask("chat.postMessage", fields, token=town.tokens[0], resident=town.team))["ok"]


async def listed(edge: TestEdge, town: Town, **fields: Any) -> dict[str, Any]:
    """A page of a channel's messages, as ann."""
    return await edge.ask("conversations.history", fields, token=town.tokens[0], resident=town.team)
