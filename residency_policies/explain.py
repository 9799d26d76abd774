"""Why a question is answered as it is: what every layer says, and the smallest change that would allow it.

For people and offline: it asks the interpreter, a few hundred times where something is refused. `decide_all`
is for callers with many questions, and asks the table.

A change is smallest when it changes one thing. They come in this order: another place for the same viewer,
another viewer at the same place, an instrument for the same flow.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from residency_policies.compile import DIMENSIONS, Guard, Table
from residency_policies.decide import Profile
from residency_policies.decision import Because, Decision, LayerName, Question, Viewer
from residency_policies.interpret import Flow, flow_of, interpret, judge, matching
from residency_policies.places import EVERYWHERE
from residency_policies.resolve import Layer
from residency_policies.rule import Ground
from residency_policies.stack import Stack
from residency_policies.vocabulary import OBLIGATIONS, RELATIONS, SHOWING, Code


@dataclass(frozen=True, slots=True)
class LayerSays:
    """What one layer says of a question: whether it lets the flow pass, and by which clauses."""

    layer: LayerName
    document: str
    passes: bool
    code: Code
    because: tuple[Because, ...]

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {
            "layer": self.layer,
            "document": self.document,
            "passes": self.passes,
            "code": self.code,
            "because": [one.to_json() for one in self.because],
        }


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would have to be otherwise: a region id, a relation, or a type of instrument."""

    kind: Literal["place", "viewer", "instrument"]
    to: str

    def to_json(self) -> dict[str, str]:
        """Plain values."""
        return {"kind": self.kind, "to": self.to}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with what every layer says, outer to inner, and the smallest changes that would allow it."""

    decision: Decision
    layers: tuple[LayerSays, ...]
    nearest: tuple[Change, ...]

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {
            "decision": self.decision.to_json(),
            "layers": [one.to_json() for one in self.layers],
            "nearest": [one.to_json() for one in self.nearest],
        }


def explain(stack: Stack, question: Question) -> Explanation:
    """See the module. Total: what is unknown is refused before any layer is asked."""
    decision = interpret(stack, question)
    flow = flow_of(stack, question)
    if flow is None or decision.code == "BUNDLE_SKEW":
        return Explanation(decision, (), ())
    layers = tuple(_says(stack, layer, flow) for layer in stack.layers)
    refused = not judge(stack, flow).allow
    return Explanation(decision, layers, tuple(_changes(stack, question, flow)) if refused else ())


def decide_all(profile: Profile, questions: Iterable[Question]) -> list[Decision]:
    """Decisions in the order of their questions."""
    decide = profile.decide
    return [decide(question) for question in questions]


def decision_of(stack: Stack, table: Table, name: str) -> tuple[Decision, Question | None] | None:
    """The decision with this id that the table of the stack can give, and a question that is answered so: one
    from where the stack is at home before a viewer at the destination, where there is such a one.

    No question, where any may be answered so: a halt, another bundle, an unknown value.
    """
    for plain in (table.unknown, table.skew, table.halted):
        if plain.decision == name:
            return plain, None
    for number, entry in enumerate(table.answers):
        facts, answers = (entry.facts, entry.answers) if isinstance(entry, Guard) else ((), (entry,))
        for bits, answer in enumerate(answers):
            if name not in (answer.decision.decision, answer.unmet.decision):
                continue
            met = answer.decision.decision == name
            question = replace(
                _question(stack, table, number),
                facts=frozenset(fact for place, fact in enumerate(facts) if bits >> place & 1),
                can=frozenset(OBLIGATIONS) if met else frozenset(),
            )
            return answer.decision if met else answer.unmet, question
    return None


def _question(stack: Stack, table: Table, number: int) -> Question:
    """A question that falls into a cell of the table that holds this answer."""
    offset_of = {
        name: dict(zip(values, offsets[1:], strict=True))
        for name, values, offsets in zip(DIMENSIONS, table.values, table.offsets, strict=True)
    }
    # The first value of each kind; values that no rule tells apart have one offset.
    kinds = {
        name: list({offset: value for value, offset in reversed(offsets.items())}.items())
        for name, offsets in offset_of.items()
    }
    places = {region.id: region.place for region in stack.regions}
    seat = next(iter(stack.policy.applies_to.establishment), "")
    home = [(offset_of["src"][region], region) for region, place in places.items() if place == seat]
    seen = [
        (offset_of["dst"][region] + offset_of["country"][place], region) for region, place in places.items()
    ]
    ways = product(
        kinds["op"], kinds["class"], home or kinds["src"], seen, kinds["relation"], kinds["purpose"]
    )
    for found in ways:
        if table.cells[sum(offset for offset, _ in found)] == number:
            op, data_class, src, dst, relation, purpose = (value for _, value in found)
            viewer = Viewer(relation, places[dst])
            return Question("", stack.bundle, op, data_class, src, dst, viewer, purpose)
    rest, values = table.cells.index(number), []
    for name in DIMENSIONS:
        offset, value = max(one for one in kinds[name] if one[0] <= rest)
        rest -= offset
        values.append(value)
    op, data_class, src, relation, purpose, dst, country = values
    return Question("", stack.bundle, op, data_class, src, dst, Viewer(relation, country), purpose)


def _says(stack: Stack, layer: Layer, flow: Flow) -> LayerSays:
    found = matching([rule for rule in stack.rules if rule.layer == layer.number], flow)

    def says(passes: bool, code: Code, because: Iterable[Because]) -> LayerSays:
        reasons = tuple(dict.fromkeys(because))
        return LayerSays(layer.name, layer.document, passes, code, reasons)

    if found.denies:
        return says(False, found.denies[0].code, (rule.because for rule in found.denies))
    if layer.closed and not found.permits:
        code = found.lapsed[0].code if found.lapsed else "CLOSED"
        return says(False, code, (rule.because for rule in found.lapsed))
    lifted = [replace(rule.because, text=ground.text, cite=ground.cite) for rule, ground in found.satisfied]
    rest = [rule.because for rule in (*found.permits, *found.requires)]
    return says(True, "OK", [*lifted, *rest])


def _changes(stack: Stack, question: Question, flow: Flow) -> Iterator[Change]:
    """Changes that allow the flow, of each kind, in the order of their names."""
    shown = flow.op in SHOWING and flow.viewer.relation != "system"
    for region in stack.regions:
        viewer = replace(flow.viewer, country=region.place) if shown else flow.viewer
        if region.id != question.dst and judge(stack, replace(flow, dst=region.place, viewer=viewer)).allow:
            yield Change("place", region.id)
    for relation in RELATIONS:
        viewer = replace(flow.viewer, relation=relation)
        if relation != flow.viewer.relation and judge(stack, replace(flow, viewer=viewer)).allow:
            yield Change("viewer", relation)
    denies = matching(stack.rules, flow).denies
    types = sorted(set().union(*(rule.mechanisms for rule in denies)) - {"adequacy"}) if denies else []
    for kind in types:
        if judge(_with_instrument(stack, kind), flow).allow:
            yield Change("instrument", kind)


def _with_instrument(stack: Stack, kind: str) -> Stack:
    """The stack as if an instrument of the type reached everything that it can."""
    ground = Ground((), None, None, EVERYWHERE, frozenset(), f"an instrument of type {kind}", "")
    rules = tuple(
        replace(rule, grounds=(*rule.grounds, ground)) if kind in rule.mechanisms else rule
        for rule in stack.rules
    )
    return replace(stack, rules=rules)
