"""A call of an API method as an edge hands it over, and the answer that goes back.

The caller is proven before a call is made; nothing here holds the text of a token except the raw request
itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from accord.errors import ColinkError
from regional_cell.domain.callers import Caller


@dataclass(frozen=True, slots=True)
class EdgeInfo:
    """The edge that the client spoke to. `url` and `socket_url` have no slash at the end."""

    name: str
    url: str
    socket_url: str
    jurisdiction: str
    region: str


@dataclass(slots=True)
class ApiCall:
    """One call. Not frozen, like its answer: to make a frozen one takes four times as long.

    Attributes:
        method: name of the API method, unchecked.
        caller: None without a token.
        resident: the resident that the edge resolved; empty without a token.
        epoch: of the placement that the edge followed; 0: unknown.
        content_type, query, body: as received; the query without its question mark.
        headers: lower-case names.
        viewer_country: ISO 3166 code of where the viewer is, `ZZ` unknown.
        deadline_s: time left, in seconds.
        request_id: names this attempt; also told to the client.
    """

    method: str
    caller: Caller | None
    resident: str
    epoch: int
    content_type: str
    query: bytes
    body: bytes
    headers: Mapping[str, str]
    edge: EdgeInfo
    viewer_country: str
    deadline_s: float
    request_id: str


@dataclass(slots=True)
class ApiAnswer:
    """One answer.

    Attributes:
        digest: names the request where a lost answer matters (`WebApi.note_lost`); empty elsewhere.
        refused: the error that it tells, None for success.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    digest: bytes = b""
    refused: ColinkError | None = None
