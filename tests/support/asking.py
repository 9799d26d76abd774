"""Asking a process whether it is there, again and again: a client of a library for each question would cost
more than the process takes to start.
"""

import http.client
from urllib.parse import urlsplit


def status_of(url: str, timeout_s: float = 2.0) -> int:
    """The status of the answer to a GET over plain HTTP; 0 while there is none."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout_s)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
