"""Pages by number, as the older lists have them: `count` and `page` in, `paging` out."""

from typing import Any

from accord.errors import InvalidError
from regional_cell.entrypoints.web_api.arguments import Arguments

COUNT_DEFAULT = 100
COUNT_MAX = 200
PAGE_MAX = 100_000


def numbered(arguments: Arguments) -> tuple[int, int]:
    """(count, page): the page counts from 1. Raises InvalidError for a page that no list has."""
    count = max(1, min(arguments.get("count") or arguments.get("limit") or COUNT_DEFAULT, COUNT_MAX))
    page: int = arguments.get("page", 1)
    if not 1 <= page <= PAGE_MAX:
        raise InvalidError(field="page", why="out of range", faults="must be 1 or more [json-pointer:/page]")
    return count, page


def paging(count: int, page: int, total: int) -> dict[str, Any]:
    """The member that tells where the page stands."""
    return {"count": count, "total": total, "page": page, "pages": -(-total // count)}
