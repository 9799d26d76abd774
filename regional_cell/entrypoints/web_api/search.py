"""`search.messages` and `ext.search`: one search over all cells that hold a workspace of the caller.

Nothing of a query stands in a log, a cursor or an error.
"""

import hashlib
from typing import Any

from accord.errors import InvalidError
from regional_cell.domain.callers import Caller
from regional_cell.domain.objects.search import CONTENT, COUNT, METADATA
from regional_cell.domain.search_exchange import MISSING
from regional_cell.domain.transfers import Place
from regional_cell.entrypoints.web_api.arguments import Argument, Arguments, text
from regional_cell.entrypoints.web_api.calls import ApiCall
from regional_cell.entrypoints.web_api.method import FLAG, LIST, NUMBER, USER_KINDS, WORD, Method
from regional_cell.entrypoints.web_api.services import Services, caller_of
from regional_cell.services.search.asking import Answer as Found
from regional_cell.services.search.asking import Search
from regional_cell.services.search.local import SCORE, TIMESTAMP, Wanted

Answer = dict[str, Any]
COUNT_DEFAULT, COUNT_MAX, PAGE_MAX = 20, 100, 100
FIRST_ANSWER_MS_MAX, TAIL_MS_MAX, DEADLINE_MS_MIN = 10_000, 15_000, 10
ANSWERING_MS = 200
CURSOR_START = "*"
PURPOSE = "search"


async def messages(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """The merged matches of all cells, by pages."""
    caller = caller_of(call)
    count = max(1, min(arguments.get("count", COUNT_DEFAULT), COUNT_MAX))
    bound = ("search.messages", caller.resident, caller.user, _digest(arguments), count)
    page, cursor = max(1, min(arguments.get("page", 1), PAGE_MAX)), arguments.get("cursor", "")
    if cursor and cursor != CURSOR_START:
        page = services.cursors.read(cursor, *bound)
    wanted = _wanted(arguments, page * count, call.edge.url)
    found = await _search(call, arguments, services, wanted, None)
    matches = [match.message for match in found.matches[(page - 1) * count : page * count]]
    pages = -(-found.total // count)
    shown: Answer = {
        "query": arguments["query"],
        "messages": {
            "total": found.total,
            "matches": matches,
            "paging": {"count": count, "total": found.total, "page": page, "pages": pages},
            "pagination": {
                "first": (page - 1) * count + 1 if matches else 0,
                "last": (page - 1) * count + len(matches),
                "page": page,
                "page_count": pages,
                "per_page": count,
                "total_count": found.total,
            },
        },
        "x_cells": [state.to_json() for state in found.cells],
    }
    if cursor:
        more = page < min(pages, PAGE_MAX)
        following = services.cursors.make(page + 1, *bound) if more else ""
        shown["response_metadata"] = {"next_cursor": following}
    return shown


async def everywhere(call: ApiCall, arguments: Arguments, services: Services) -> Answer:
    """Matches with their cells, and a token to ask only those that gave no answer."""
    caller = caller_of(call)
    if arguments.get("purpose", PURPOSE) != PURPOSE:
        raise InvalidError(field="purpose", why="unknown")
    mode = arguments.get("mode", CONTENT)
    if mode not in (CONTENT, METADATA, COUNT):
        raise InvalidError(field="mode", why="unknown")
    bound = ("ext.search", caller.resident, caller.user, _digest(arguments))
    cells = frozenset(arguments["cells"]) if arguments.get("cells") else None
    if continuation := arguments.get("continuation"):
        cells = frozenset(services.cursors.read(continuation, *bound))
    count = max(1, min(arguments.get("count", COUNT_DEFAULT), COUNT_MAX))
    found = await _search(call, arguments, services, _wanted(arguments, count, call.edge.url, mode), cells)
    shown: Answer = {
        "query": arguments["query"],
        "matches": [{**match.message, "x_cell": match.cell} for match in found.matches[:count]],
        "cells": [state.to_json() for state in found.cells],
    }
    if mode == COUNT:
        shown["total"] = found.total
    missing = [state.cell for state in found.cells if state.state in MISSING]
    if missing:
        shown["continuation"] = services.cursors.make(missing, *bound)
    return shown


async def _search(
    call: ApiCall, arguments: Arguments, services: Services, wanted: Wanted, cells: frozenset[str] | None
) -> Found:
    caller: Caller = caller_of(call)
    query = await services.search.read(caller, arguments["query"])
    edge = Place(call.edge.name, call.edge.region, call.edge.jurisdiction)
    # Whatever is asked for, there is an answer before nobody waits for it any more.
    left_ms = int(call.deadline_s * 1000) - ANSWERING_MS
    first_ms = _deadline(
        arguments.get("first_answer_ms", services.search.first_answer_ms), FIRST_ANSWER_MS_MAX
    )
    tail_ms = _deadline(arguments.get("tail_ms", services.search.tail_ms), min(left_ms, TAIL_MS_MAX))
    found: Found = await services.search.search(
        Search(caller, query, wanted, edge, call.viewer_country, first_ms, tail_ms, call.request_id, cells)
    )
    return found


def _wanted(arguments: Arguments, limit: int, url: str, mode: str = CONTENT) -> Wanted:
    sort = arguments.get("sort", SCORE)
    if sort not in (SCORE, TIMESTAMP):
        raise InvalidError(field="sort", why="unknown")
    ascending = arguments.get("sort_dir", "desc") == "asc"
    return Wanted(sort, ascending, limit, arguments.get("highlight", False), mode, url)


def _deadline(asked_ms: int, max_ms: int) -> int:
    return max(DEADLINE_MS_MIN, min(asked_ms, max_ms))


def _digest(arguments: Arguments) -> str:
    """Binds a cursor to a search without holding its words."""
    named = "\0".join(str(arguments.get(name, "")) for name in ("query", "sort", "sort_dir", "mode"))
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()


_SEARCH = {
    "query": Argument(text, True, "no_query"), "count": NUMBER, "highlight": FLAG, "sort": WORD,
    "sort_dir": WORD, "team_id": WORD,
}  # fmt: skip
METHODS = {
    "search.messages": Method(
        messages, "2", {**_SEARCH, "page": NUMBER, "cursor": WORD}, ("search:read",), USER_KINDS
    ),
    "ext.search": Method(
        everywhere, "2",
        {
            **_SEARCH, "purpose": WORD, "cells": LIST, "first_answer_ms": NUMBER, "tail_ms": NUMBER,
            "mode": WORD, "continuation": WORD,
        },
        ("search:read",), USER_KINDS,
    ),
}  # fmt: skip
