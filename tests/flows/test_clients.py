"""Every official client calls every method through every edge, and is answered alike."""

from typing import Any

import pytest

from edge.domain.methods import METHODS
from tests.support.federation import RunningDemo
from tests.support.method_calls import CALLS
from tests.support.method_facts import Facts, outline
from tests.support.node_clients import NodeClients
from tests.support.official import NODE_GENERAL, PYTHON, ask_python, node_function
from tests.support.rooms import Person, person

EDGES = ("fra", "iad", "bom")


@pytest.fixture(scope="module")
def caller(demo: RunningDemo) -> Person:
    """Somebody whose calls no other test counts."""
    return person(demo, "acme", "member", 4)


@pytest.fixture(scope="module")
def facts(demo: RunningDemo, caller: Person) -> Facts:
    return Facts(demo, caller, person(demo, "acme", "member", 5))


def test_every_method_has_a_row() -> None:
    assert CALLS.keys() == METHODS


@pytest.mark.parametrize("method", sorted(CALLS))
async def test_the_clients_in_python_are_answered_alike_through_every_edge(
    demo: RunningDemo, facts: Facts, method: str
) -> None:
    await _prepare(demo, facts, method)
    outcomes = {
        f"{client} at {name}": await _outcome(demo, facts, method, client, name)
        for name in EDGES
        for client in PYTHON
    }
    first = outcomes["sync at fra"]
    assert first == CALLS[method].refusal if CALLS[method].refusal else first["ok"] == "bool"
    assert not {where: found for where, found in outcomes.items() if found != first}, first


@pytest.mark.parametrize("method", sorted(CALLS))
async def test_the_client_in_node_is_answered_as_those_in_python_through_every_edge(
    demo: RunningDemo, facts: Facts, node: NodeClients, method: str
) -> None:
    await _prepare(demo, facts, method)
    first = await _outcome(demo, facts, method, "sync", "fra")
    outcomes = {}
    for name in EDGES:
        arguments = facts.filled(CALLS[method].arguments)
        answer, own = node.call(demo.edge(name), facts.token(CALLS[method]), method, arguments)
        assert own == (node_function(method) != NODE_GENERAL)
        outcomes[name] = outline(CALLS[method], _as_sent(method, answer))
    assert not {where: found for where, found in outcomes.items() if found != first}, first


async def _prepare(demo: RunningDemo, facts: Facts, method: str) -> None:
    if CALLS[method].before:
        await _outcome(demo, facts, method, "sync", "fra")


async def _outcome(demo: RunningDemo, facts: Facts, method: str, client: str, edge: str) -> Any:
    arguments = facts.filled(CALLS[method].arguments)
    answer = await ask_python(client, demo.edge(edge), facts.token(CALLS[method]), method, arguments)
    return outline(CALLS[method], _as_sent(method, answer))


def _as_sent(method: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without what clients add to it, or to what `api.test` echoes."""
    sent = {name: value for name, value in answer.items() if name != "response_metadata"}
    told = answer.get("response_metadata", {})
    told = {name: value for name, value in told.items() if name not in ("scopes", "acceptedScopes")}
    if told:
        sent["response_metadata"] = told
    if method == "api.test":
        sent["args"] = {name: value for name, value in answer["args"].items() if name != "token"}
    return sent
