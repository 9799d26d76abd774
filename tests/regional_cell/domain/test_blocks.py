"""Blocks: the table, place by place."""

from typing import Any

import pytest

from accord.errors import InvalidError
from regional_cell.domain.blocks import BLOCKS, check_blocks
from regional_cell.domain.content import Raw, compose


def text(value: str = "x", kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": value}


PLAIN = text(kind="plain_text")
OPTION = {"text": PLAIN, "value": "v"}
BUTTON = {"type": "button", "text": PLAIN, "action_id": "a", "value": "v"}


def check(*blocks: Any, first_party: bool = False) -> list[dict[str, Any]]:
    return check_blocks(list(blocks), first_party=first_party, draw_id=iter("abcdefgh").__next__)


GOOD: list[dict[str, Any]] = [
    {"type": "section", "text": text()},
    {"type": "section", "fields": [text("x" * 2_000)] * 10, "accessory": BUTTON},
    {"type": "divider"},
    {"type": "header", "text": text("x" * 150, "plain_text")},
    {"type": "image", "image_url": "https://a.example/x.png", "alt_text": "x"},
    {"type": "actions", "elements": [BUTTON, {"type": "static_select", "options": [OPTION] * 100}]},
    {"type": "context", "elements": [text(), {"type": "image", "image_url": "u", "alt_text": "x"}]},
    {"type": "input", "label": PLAIN, "element": {"type": "plain_text_input"}},
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]},
    {"type": "markdown", "text": "**x**"},
]
BAD: list[tuple[Any, str]] = [
    ({"type": "section"}, "/blocks/0"),
    ({"type": "section", "text": text("x" * 3_001)}, "/blocks/0/text/text"),
    ({"type": "section", "text": text("")}, "/blocks/0/text/text"),
    ({"type": "section", "text": "x"}, "/blocks/0/text"),
    ({"type": "section", "text": text(kind="html")}, "/blocks/0/text/type"),
    ({"type": "section", "fields": [text()] * 11}, "/blocks/0/fields"),
    ({"type": "section", "fields": [text("x" * 2_001)]}, "/blocks/0/fields/0/text"),
    ({"type": "header", "text": text()}, "/blocks/0/text/type"),
    ({"type": "header", "text": text("x" * 151, "plain_text")}, "/blocks/0/text/text"),
    ({"type": "image", "image_url": "u"}, "/blocks/0/alt_text"),
    ({"type": "image", "alt_text": "x"}, "/blocks/0"),
    ({"type": "actions", "elements": []}, "/blocks/0/elements"),
    ({"type": "actions", "elements": [BUTTON] * 26}, "/blocks/0/elements"),
    ({"type": "actions", "elements": [{"type": "lever"}]}, "/blocks/0/elements/0/type"),
    ({"type": "actions", "elements": [{**BUTTON, "style": "loud"}]}, "/blocks/0/elements/0/style"),
    (
        {"type": "actions", "elements": [{**BUTTON, "text": text("x" * 76, "plain_text")}]},
        "/blocks/0/elements/0/text/text",
    ),
    (
        {"type": "actions", "elements": [{"type": "overflow", "options": [OPTION] * 6}]},
        "/blocks/0/elements/0/options",
    ),
    ({"type": "context", "elements": [BUTTON]}, "/blocks/0/elements/0/type"),
    ({"type": "input", "label": PLAIN}, "/blocks/0/element"),
    ({"type": "rich_text", "elements": [{"type": "text"}]}, "/blocks/0/elements/0/type"),
    ({"type": "divider", "block_id": "x" * 256}, "/blocks/0/block_id"),
    ({"type": "hologram"}, "/blocks/0/type"),
    ({}, "/blocks/0/type"),
]


@pytest.mark.parametrize("block", GOOD)
def test_what_the_table_allows_is_kept(block: dict[str, Any]) -> None:
    assert {**block, "block_id": "a"} == check(dict(block))[0]


@pytest.mark.parametrize(("block", "place"), BAD)
def test_a_fault_is_named_by_its_place(block: Any, place: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check(block)
    assert caught.value.api == "invalid_blocks"
    assert f"[json-pointer:{place}]" in caught.value.metadata["faults"].split("\n")[0]


def test_ids_are_unique_and_drawn_where_missing() -> None:
    assert [
        block["block_id"] for block in check({"type": "divider"}, {"type": "divider", "block_id": "mine"})
    ] == [
        "a",
        "mine",
    ]
    with pytest.raises(InvalidError):
        check({"type": "divider", "block_id": "same"}, {"type": "divider", "block_id": "same"})


def test_no_id_is_drawn_that_the_message_has_already() -> None:
    raw = Raw(
        blocks=[{"type": "divider"}, {"type": "divider", "block_id": "a"}, {"type": "divider"}],
        attachments=[{"blocks": [{"type": "divider"}, {"type": "divider", "block_id": "b"}]}],
    )
    compose(raw, first_party=False, draw_id=iter("abaccbde").__next__)
    blocks = [*raw.blocks, *raw.attachments[0]["blocks"]]
    assert [block["block_id"] for block in blocks] == ["c", "a", "d", "e", "b"]


def test_kinds_not_known_here_are_kept_for_our_own_clients_alone() -> None:
    assert check({"type": "hologram"}, first_party=True)[0]["type"] == "hologram"
    assert "hologram" not in BLOCKS


@pytest.mark.parametrize("blocks", [{}, "x", [1], [None], 3])
def test_what_is_no_list_of_objects_has_its_own_code(blocks: Any) -> None:
    with pytest.raises(InvalidError) as caught:
        check_blocks(blocks, first_party=False, draw_id=str)
    assert caught.value.api == "invalid_blocks_format"


def test_more_than_fifty_blocks_are_refused_with_few_words() -> None:
    with pytest.raises(InvalidError) as caught:
        check(*[{"type": "divider"}] * 51)
    assert caught.value.metadata["faults"].startswith("no more than 50 items allowed")


def test_defaults_of_texts_are_filled_in() -> None:
    (header,) = check({"type": "header", "text": {"type": "plain_text", "text": "x"}})
    assert header["text"]["emoji"] is True
    (section,) = check({"type": "section", "text": {"type": "mrkdwn", "text": "x"}})
    assert section["text"]["verbatim"] is False
