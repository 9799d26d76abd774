"""Cells that do not keep to what was agreed: the other side refuses, books nothing of it, and shows nothing
of it.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from accord.encoding import canonical_json
from accord.errors import ColinkError, ForbiddenError, InvalidError, TokenInvalidError
from accord.identity import SigningKey, mint_identity
from accord.ledger import payload_root
from regional_cell.domain.search_exchange import Ask, Hit, Part, answer_leg
from regional_cell.domain.search_query import SearchQuery, Term
from regional_cell.domain.transfers import Header, header_of
from regional_cell.ports.crossings import Passage
from tests.regional_cell.services.search.federation import (
    ORGANISATION,
    PERSON,
    USERS,
    WHERE,
    TestedCell,
    state_of,
    two_cells,
)

QUERY = canonical_json(SearchQuery((Term("zephyr", "word"),), (), ()).to_fields())
GERMAN, AMERICAN = WHERE["de-fra"][2], WHERE["us-iad"][2]


def asked(cell: TestedCell, **changes: object) -> tuple[Ask, Header]:
    """What us-iad would send to de-fra for ann."""
    salt = os.urandom(32)
    items = [("message_body", "query", QUERY)]
    header = Header(
        "t-1",
        "query",
        "process",
        ("message_body",),
        1,
        len(QUERY),
        payload_root(salt, items),
        salt,
        "search",
        7,
    )
    ask = Ask(
        cell.tokens.identify(cell.caller(), "de-fra"), AMERICAN, (GERMAN,), ORGANISATION, 1000, 1000, 20,
        "score", False, False, "content", "US", "employee", "request",
    )  # fmt: skip
    of_ask = {key: value for key, value in changes.items() if hasattr(ask, key)}
    of_header = {key: value for key, value in changes.items() if key not in of_ask}
    return replace(ask, **of_ask), replace(header, **of_header)  # type: ignore[arg-type]


async def drain(parts: AsyncIterator[Part]) -> list[Part]:
    return [part async for part in parts]


@pytest.mark.parametrize(
    "changes",
    [
        {"items": 2},
        {"size_bytes": 1},
        {"payload_root": bytes(32)},
        {"op": "search_from"},
        {"purpose": "local"},
        {"classes": ("profile_pii",)},
        {"leg": "answer.0"},
        {"workspaces": ()},
        {"workspaces": (GERMAN, GERMAN)},
        {"workspaces": (AMERICAN,)},
        {"workspaces": ("T0000000000ZZ",)},
        {"organisation": "E0000000000ZZ"},
        {"organisation": ""},
        {"workspace": GERMAN},
        {"count": 100_000},
        {"mode": "everything"},
        {"relation": "system"},
    ],
)
async def test_a_question_that_does_not_fit_is_refused_and_not_credited(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        ask, header = asked(american, **changes)
        with pytest.raises((ForbiddenError, InvalidError, TokenInvalidError)):
            await drain(german.answering.answer("us-iad", ask, header, QUERY))
        assert german.book() == b""


async def test_an_identity_is_believed_from_the_users_home_alone(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        ask, header = asked(american)
        assert len(await drain(german.answering.answer("us-iad", ask, header, QUERY))) > 1
        stranger = SigningKey.from_seed(os.urandom(32))

        def made(key: SigningKey, **changes: object) -> str:
            claims: dict[str, object] = {
                "resident": AMERICAN, "user": USERS["us-iad"][0], "audience": "de-fra",
                "roles": (f"person:{PERSON}",), "via": "us-iad",
                "issued_s": german.clock.now_us() // 1_000_000,
            }  # fmt: skip
            return mint_identity(key, **{**claims, **changes})  # type: ignore[arg-type]

        before = german.book()
        for identity in (
            made(stranger),
            made(american.key, audience="us-iad"),
            made(american.key, via="de-fra"),
            made(american.key, resident=GERMAN),
            made(american.key, roles=()),
            made(american.key, roles=("person:P0000000000ZZ",)),
            made(german.key),
            made(american.key, issued_s=1_000_000),
        ):
            forged = replace(ask, identity=identity)
            with pytest.raises(ColinkError):
                await drain(german.answering.answer("us-iad", forged, header, QUERY))
        with pytest.raises(TokenInvalidError):
            await drain(german.answering.answer("in-bom", ask, header, QUERY))
        assert german.book() == before


async def test_a_person_without_a_link_to_the_askers_workspace_is_refused(tmp_path: Path) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        state = await german.commits.state(GERMAN)
        user = state.rows["users"][(USERS["de-fra"][0],)]
        user["content"] = {**user["content"], "linked_workspaces": []}
        ask, header = asked(american)
        with pytest.raises(ForbiddenError):
            await drain(german.answering.answer("us-iad", ask, header, QUERY))
        user["content"] = {**user["content"], "linked_workspaces": [AMERICAN]}
        user["deleted"] = 1
        with pytest.raises(ForbiddenError):
            await drain(german.answering.answer("us-iad", ask, header, QUERY))
        assert german.book() == b""


@pytest.mark.parametrize(
    "lie", ["salt", "transfer", "leg", "class", "count", "hit", "summary", "workspace", "rest", "unbooked"]
)
async def test_an_answer_that_does_not_fit_is_not_used(tmp_path: Path, lie: str) -> None:
    async with two_cells(tmp_path, permitted=True) as (german, american):
        await german.say("zephyr there")
        honest = american.peers.search

        async def lying(passage: Passage, ask: Ask) -> AsyncIterator[Part]:
            async for part in honest(passage, ask):
                header = part.header
                if header is not None:
                    changes: dict[str, dict[str, object]] = {
                        "salt": {"salt": bytes(32)},
                        "transfer": {"transfer_id": "another"},
                        "leg": {"leg": answer_leg(1)},
                        "class": {"classes": ("message_body",)},
                        "count": {"items": header.items + 1},
                        "unbooked": {"payload_root": bytes(32)},
                    }
                    part = replace(part, header=replace(header, **changes.get(lie, {})))  # type: ignore[arg-type]
                elif part.hits and lie == "hit":
                    part = replace(part, hits=(Hit(part.hits[0].item_id, b'{"ts":"1.2","text":"forged"}'),))
                elif part.summary and lie == "summary":
                    part = replace(part, summary=part.summary.replace(b"complete", b"partial"))
                if part.workspace and lie == "workspace":
                    part = replace(part, workspace=AMERICAN)
                if part.summary and lie == "rest":
                    return
                yield part

        american.peers.search = lying  # type: ignore[method-assign]
        answer = await american.find("zephyr")
        assert state_of(answer, "de-fra").state == "unavailable"
        assert answer.matches == ()
        assert b'"credit"' not in american.book()


async def test_a_cell_with_a_foreign_root_gets_no_answer(tmp_path: Path) -> None:
    async with two_cells(tmp_path / "one", permitted=True) as (german, american):
        async with two_cells(tmp_path / "two", permitted=True) as (_, stranger):
            stranger.addresses["de-fra"] = german.addresses["de-fra"]
            assert state_of(await stranger.find("zephyr"), "de-fra").state == "unavailable"
            american.addresses["de-fra"] = stranger.addresses["us-iad"]
            assert state_of(await american.find("zephyr"), "de-fra").state == "unavailable"
        assert german.book() == b""


def test_a_malformed_leg_is_refused() -> None:
    good = Header(
        "t", "query", "process", ("message_body",), 1, 1, bytes(32), bytes(32), "search", 1
    ).to_leg()
    assert header_of(good).transfer_id == "t"
    for changes in (
        {"payload_root": b""},
        {"transfer_salt": bytes(31)},
        {"classes": ()},
        {"transfer_id": ""},
        {"op": "x" * 65},
    ):
        with pytest.raises(InvalidError):
            header_of({**good, **changes})
