"""Texts: posting the returned text yields the same text, in linear time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regional_cell.domain import text as text_module
from regional_cell.domain.text import CHARS_MAX, from_markdown, prepare, truncate

PIECES = [
    "<", ">", "&", "https://", "http://a.b", "a.b/c?d=1&e=2",
    "|", "&amp;", "&lt;", "&gt;", "@U12345678", "!here",
    " ",
    "(", ")", ";", ".", "\n", "#general", "#general.", "@ann", "~", "`", "<https://x.y|z>",
    "<@U12345678>", "é",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES)).map("".join) | st.text()


def link(name: str) -> str | None:
    return {"#general": "<#C12345678|general>", "@ann": "<@U12345678>"}.get(name)


@settings(max_examples=500, deadline=None)
@given(texts)
def test_preparing_twice_is_preparing_once(text: str) -> None:
    once = prepare(text)
    assert prepare(once) == once
    linked = prepare(text, link)
    assert prepare(linked, link) == linked


@settings(max_examples=500, deadline=None)
@given(texts)
def test_the_short_way_changes_nothing(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "_is_plain", lambda text, with_names: False)
        through_the_pattern = prepare(text), prepare(text, link)
    assert (prepare(text), prepare(text, link)) == through_the_pattern


@settings(max_examples=300, deadline=None)
@given(texts, st.integers(1, 60))
def test_a_cut_text_is_whole(text: str, chars_max: int) -> None:
    prepared = prepare(text)
    kept = truncate(prepared, chars_max)
    assert len(kept) <= chars_max
    assert prepared.startswith(kept)
    assert prepare(kept) == kept or "http" in kept


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("a & b <c>", "a &amp; b &lt;c&gt;"),
        ("https://a.b", "<https://a.b>"),
        ("(see https://a.b/c_(d)).", "(see <https://a.b/c_(d)>)."),
        ("https://a.b/?x=1&y=2!", "<https://a.b/?x=1&amp;y=2>!"),
        ("<https://a.b|label> <mailto:a@b.c|a>", "<https://a.b|label> <mailto:a@b.c|a>"),
        ("<!date^1392734382^{date}^https://a.b|then>", "<!date^1392734382^{date}^https://a.b|then>"),
        ("<!here> <!subteam^S12345678|@x> <#C12345678|g>", "<!here> <!subteam^S12345678|@x> <#C12345678|g>"),
        ("<!nobody> <@x> <javascript:alert(1)>", "&lt;!nobody&gt; &lt;@x&gt; &lt;javascript:alert(1)&gt;"),
        ("xhttps://a.b http://", "xhttps://a.b http://"),
        ("#general @ann", "#general @ann"),
    ],
)
def test_control_characters_and_addresses(text: str, prepared: str) -> None:
    assert prepare(text) == prepared


def test_names_become_tokens_only_when_asked() -> None:
    assert (
        prepare("#general, @ann: @here #nothing", link)
        == "<#C12345678|general>, <@U12345678>: <!here> #nothing"
    )
    assert prepare("x@ann a#general", link) == "x@ann a#general"
    assert prepare("https://a.b/#general", link) == "<https://a.b/#general>"


def test_markdown_becomes_mrkdwn() -> None:
    text = "# Title\n**bold** *it* ~~gone~~ [x](https://a.b)\n- one"
    assert from_markdown(text) == "*Title*\n*bold* _it_ ~gone~ <https://a.b|x>\n• one"


@pytest.mark.parametrize(
    "piece", ["<", "https://", "<a", "&", "*a ", "(", "https://a.b(", "[a](", "#a.", "**", "~~a"]
)
def test_the_longest_text_takes_linear_time(piece: str) -> None:
    def seconds(count: int) -> float:
        text = piece * count
        started = time.thread_time()
        prepare(text, link)
        from_markdown(text)
        return time.thread_time() - started

    seconds(100)
    small, large = seconds(CHARS_MAX // len(piece) // 10), seconds(CHARS_MAX // len(piece))
    assert large < max(0.1, small * 40)
