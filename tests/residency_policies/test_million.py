"""A million random questions to random policies: compiled table, interpreter and Cedar give one answer.

Few of them run each time, all of them under `--long`, in parts that workers share.
"""

import random

import cedarpy
import pytest

from residency_policies.decision import Decision, Question
from residency_policies.interpret import interpret
from residency_policies.stack import Stack
from tests.residency_policies import cedar
from tests.residency_policies.support import bare, random_policy, random_question
from tests.residency_policies.test_table import profile_of, stack_of

MILLION, PARTS, QUESTIONS = 1_000_000, 8, 1_000
PART = MILLION // PARTS // QUESTIONS


def effects(stack: Stack, asked: list[Question]) -> list[bool]:
    """What Cedar says to each question: every layer has to allow."""
    texts = cedar.layers(stack) if any(not one.closed for one in stack.layers) else [cedar.policies(stack)]
    requests = [cedar.request(one) for one in asked]
    answers = [cedarpy.is_authorized_batch(requests, text, []) for text in texts]
    assert not [one for answer in answers for one in answer if one.diagnostics.errors]
    return [all(one.allowed for one in layers) for layers in zip(*answers, strict=True)]


def disagreements(stack: Stack, asked: list[Question], answers: list[Decision]) -> list[Question]:
    """Questions to which the interpreter or Cedar give another answer. Cedar knows no unknown words."""
    found = [one for one, answer in zip(asked, answers, strict=True) if interpret(stack, one) != bare(answer)]
    known = [
        (one, answer.code in ("OK", "OBLIGATION_UNSUPPORTED"))
        for one, answer in zip(asked, answers, strict=True)
        if answer.code != "UNKNOWN_VALUE"
    ]
    said = effects(stack, [one for one, _ in known])
    return found + [one for (one, effect), other in zip(known, said, strict=True) if effect != other]


@pytest.mark.parametrize(
    ("number", "policies"),
    [
        pytest.param(0, 3, id="few"),
        *(
            pytest.param(
                number, PART, id=f"{number} of {PARTS}", marks=[pytest.mark.long, pytest.mark.timeout(900)]
            )
            for number in range(1, PARTS + 1)
        ),
    ],
)
def test_table_interpreter_and_cedar_agree_on_a_million_points(number: int, policies: int) -> None:
    chance = random.Random(20261128 + number)
    count = allowed = 0
    for _ in range(policies):
        stack = stack_of(random_policy(chance))
        profile = profile_of(stack)
        asked = [random_question(chance) for _ in range(QUESTIONS)]
        answers = [profile.decide(one) for one in asked]
        assert disagreements(stack, asked, answers) == []
        count += len(asked)
        allowed += sum(answer.allow for answer in answers)
    assert allowed > count // 200, "the points must reach both answers"
    print(f"{count:,} points of {policies} policies agree; {allowed:,} are allowed")
    assert count == policies * QUESTIONS


def test_an_answer_that_is_turned_is_found() -> None:
    chance = random.Random(20261128)
    stack = stack_of(random_policy(chance))
    profile = profile_of(stack)
    asked = [random_question(chance) for _ in range(QUESTIONS)]
    answers = [profile.decide(one) for one in asked]
    other = next(number for number, one in enumerate(answers) if one.code not in ("OK", "UNKNOWN_VALUE"))
    turned = next(one for one in answers if one.allow)
    answers[other] = turned
    assert disagreements(stack, asked, answers) == [asked[other]] * 2
