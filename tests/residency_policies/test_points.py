"""Points ask about each of their classes, and are made of words of the vocabulary."""

from dataclasses import replace

import pytest

from directory.domain.enforcement import HOMES
from edge.domain import enforcement as edge
from regional_cell.domain import enforcement as cell
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.decision import Decision, Obligation, Question, Viewer
from residency_policies.points import Flow, Point

PROFILE = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), 1_796_000_000).profile_for(
    "T1", "DE"
)
CAN = cell.CAN
FLOW = Flow("T1", "eu-central-1", "us-east-1", Viewer("employee", "US"))
SEVERAL = Point("test.several", "disclose", ("message_body", "presence", "typing"), "local", CAN)


@pytest.mark.parametrize("refused", SEVERAL.classes)
def test_one_refused_class_refuses_the_point(refused: str) -> None:
    asked: list[Question] = []

    def decide(question: Question) -> Decision:
        asked.append(question)
        return PROFILE.refuse("HALTED") if question.data_class == refused else PROFILE.decide(question)

    assert SEVERAL.ask(decide, FLOW, 1).code == "HALTED"
    assert [question.data_class for question in asked] == list(SEVERAL.classes)
    assert {replace(question, data_class="") for question in asked} == {
        Question("T1", 1, "disclose", "", FLOW.src, FLOW.dst, FLOW.viewer, "local", can=CAN)
    }
    assert SEVERAL.ask(PROFILE.decide, FLOW, 1).allow


@pytest.mark.parametrize("owing", SEVERAL.classes)
def test_what_is_owed_for_one_class_is_owed_for_the_point(owing: str) -> None:
    record = Obligation("keep_record", "with")

    def decide(question: Question) -> Decision:
        decision = PROFILE.decide(question)
        more = (record,) if question.data_class == owing else ()
        return replace(decision, obligations=(*decision.obligations, *more))

    plain = SEVERAL.ask(PROFILE.decide, FLOW, 1)
    assert record not in plain.obligations
    assert SEVERAL.ask(decide, FLOW, 1).obligations == tuple(
        sorted((*plain.obligations, record), key=lambda one: one.do)
    )


@pytest.mark.parametrize(
    "words",
    [
        {"op": "gossip"},
        {"classes": ()},
        {"classes": ("message_body", "gossip")},
        {"purpose": "gossip"},
        {"can": frozenset({"forget"})},
    ],
)
def test_words_outside_of_the_vocabulary_make_no_point(words: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"test\.several"):
        replace(SEVERAL, **words)  # type: ignore[arg-type]


def test_an_edge_asks_about_everything_that_a_cell_asks_about() -> None:
    assert set(cell.SESSION) <= set(edge.SESSION)
    assert {point.op for point in edge.ELSEWHERE.values()} == {"transit"}
    assert all(here.classes == there.classes for here, there in edge.ELSEWHERE.items())


def test_points_of_one_kind_of_resident_differ_in_what_they_ask() -> None:
    assert all(len({point.op for point in points}) == len(points) for points in HOMES.values())


def test_the_channel_that_a_flow_names_is_in_every_question() -> None:
    point = Point("cell.sample", "disclose", ("message_body", "file_content"), "local")
    for ref in ("", "C1"):
        asked = point.questions(Flow("T1", "a", "b", Viewer("system"), ref), 1)
        assert [question.ref for question in asked] == [ref, ref]
