"""The official clients as one: each is asked by its own function for a method, else by its general one."""

import inspect
from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.legacy_client import LegacyWebClient

from tests.support.clients import async_web, legacy_web, web

PYTHON: dict[str, tuple[type, Any]] = {
    "sync": (WebClient, web),
    "async": (AsyncWebClient, async_web),
    "first generation": (LegacyWebClient, legacy_web),
}
"""Name of a client in Python to its class and to what makes one for an edge and a token."""

GENERAL = "api_call"
NODE_GENERAL = "apiCall"


def python_function(client: str, method: str) -> str:
    """The function of a client in Python that calls the method."""
    own = method.replace(".", "_")
    return own if hasattr(PYTHON[client][0], own) else GENERAL


def node_function(method: str) -> str:
    """The function of the client in Node that calls the method; a test compares it with the client."""
    return NODE_GENERAL if method.startswith("ext.") else method


async def ask_python(
    client: str, edge: Mapping[str, Any], token: str, method: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """The answer to one call, refusals included."""
    made, function = PYTHON[client][1](edge, token), python_function(client, method)
    try:
        if function == GENERAL:
            response = made.api_call(method, params=dict(arguments))
        else:
            response = getattr(made, function)(**arguments)
        if inspect.isawaitable(response):
            response = await response
    except SlackApiError as refused:
        response = refused.response
    answer: dict[str, Any] = response.data if hasattr(response, "data") else response
    return answer


SOCKETS: dict[str, tuple[str, str]] = {
    "Python `slack_sdk.rtm_v2`, as a bot": (
        "hears messages, answers in their thread with its own web client",
        "test_the_client_in_python_hears_and_answers_as_a_bot",
    ),
    "Python `slack_sdk.rtm_v2`, as a person": (
        "hears messages, posts over the socket",
        "test_the_client_in_python_posts_over_the_socket_as_a_person",
    ),
    "Python `slack_sdk.rtm`, of the first generation": (
        "hears messages",
        "test_the_first_generation_of_the_client_in_python_hears",
    ),
    "Node `@slack/rtm-api`": (
        "hears messages, posts over the socket",
        "test_the_client_in_node_hears_and_posts_over_the_socket",
    ),
}
"""Name of a socket client to what it does, and the test that has it do so through every edge."""
