"""Metrics and the three questions an operator asks a process: alive, ready, how much.

`METRICS` is the only place where a metric is declared, so a page of all metrics can be generated from it.

Invariants
    1. A metric outside the table does not exist: using one is a `KeyError`, everywhere.
    2. Labels are of low cardinality (planes, reasons, methods); ids of residents and people are never labels.
    3. A label has a data class of operations, or no metric can be made with it.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. `kind` says which of `count`, `set_to` and `observe` takes it."""

    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


METRICS: dict[str, Metric] = {
    "colink_rpc_total": Metric("counter", "Calls served, by method and reason.", ("method", "reason")),
    "colink_rpc_seconds": Metric("histogram", "Time to serve a unary call.", ("method",)),
    "colink_peers_refused_total": Metric("counter", "Calls refused for their peer."),
    "colink_peers_quarantined_total": Metric(
        "counter", "Times that a cell was not listened to for a while, since too much of it was wrong."
    ),
    "colink_ready": Metric("gauge", "1 when nothing is missing."),
    "colink_http_requests_total": Metric(
        "counter", "Public requests, by method and outcome.", ("method", "outcome")
    ),
    "colink_http_seconds": Metric("histogram", "Time from request to answer.", ("method",)),
    "colink_sockets": Metric("gauge", "Open sockets."),
    "colink_socket_frames_total": Metric("counter", "Frames sent to sockets."),
    "colink_sockets_closed_total": Metric("counter", "Sockets closed, by reason.", ("reason",)),
    "colink_streams": Metric("gauge", "Open streams between edge and cell processes.", ("peer",)),
    "colink_routes": Metric("gauge", "Placements in the route table."),
    "colink_routes_age_seconds": Metric("gauge", "Age of the newest thing heard from the directory."),
    "colink_routes_refused_total": Metric("counter", "Deltas refused, by reason.", ("reason",)),
    "colink_commits_total": Metric("counter", "Transactions synced."),
    "colink_commit_seconds": Metric("histogram", "Time of one synced transaction."),
    "colink_queue_refused_total": Metric(
        "counter", "Work refused since a queue had no place, by queue (see the page of queues).", ("queue",)
    ),
    "colink_queue_waiting": Metric("gauge", "What waits in a queue, looked at once a second.", ("queue",)),
    "colink_writer_wait_seconds": Metric(
        "histogram", "How long the oldest command of the last batch had waited, ten times a second."
    ),
    "colink_unavailable_total": Metric(
        "counter",
        "Calls that this process answered with 503, by reason and, where it is known, what was in the way.",
        ("reason", "how"),
    ),
    "colink_late_total": Metric("counter", "Commands refused since their deadline had passed; not written."),
    "colink_events_total": Metric("counter", "Events committed, by kind.", ("kind",)),
    "colink_fences_total": Metric("counter", "Writes that the fence did not let pass."),
    "colink_history_pages_total": Metric(
        "counter", "Pages of history given out: `loaded`, `shared` with a load under way, `kept`.", ("how",)
    ),
    "colink_replays_total": Metric(
        "counter", "Replays for sockets that came back: `loaded` from the log, or `shared`.", ("how",)
    ),
    "colink_passages_total": Metric("counter", "Passages that were booked to leave.", ("purpose",)),
    "colink_passage_bytes_total": Metric("counter", "Bytes that left through passages.", ("purpose",)),
    "colink_decisions_total": Metric(
        "counter", "Residency decisions, by enforcement point and code.", ("point", "code")
    ),
    "colink_rulings_total": Metric(
        "counter", "Rulings on conversations that changed, and commands refused for theirs.", ("outcome",)
    ),
    "colink_bundle_version": Metric("gauge", "Policy bundle in force."),
    "colink_bundle_age_seconds": Metric("gauge", "Age of the newest word about the policy bundle."),
    "colink_ledger_entries_total": Metric("counter", "Ledger entries appended, by phase.", ("phase",)),
    "colink_ledger_seconds": Metric("histogram", "Time to append a ledger entry."),
    "colink_watches": Metric("gauge", "Open watches of the directory."),
    "colink_keys_total": Metric(
        "counter",
        "Keys: files `taken`, `refused` (signing, sealing); data keys `wrapped_again`, `drawn`.",
        ("purpose", "outcome"),
    ),
    "colink_claims_total": Metric("counter", "Claims on names, by outcome.", ("outcome",)),
}

LABELS: dict[str, str] = dict.fromkeys(
    ("code", "how", "kind", "method", "outcome", "peer", "phase", "point", "purpose", "queue", "reason"),
    "telemetry",
)
"""Label to the data class of its values: words of closed lists and names of peers, never ids."""


class Metrics:
    """The metrics of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._metrics: dict[str, Counter | Gauge | Histogram] = {}
        for name, metric in METRICS.items():
            if any(label not in LABELS for label in metric.labels):
                raise KeyError(f"{name}: a label without a data class")
            if metric.kind == "counter":
                self._metrics[name] = Counter(name, metric.help, metric.labels, registry=self.registry)
            elif metric.kind == "gauge":
                self._metrics[name] = Gauge(name, metric.help, metric.labels, registry=self.registry)
            else:
                self._metrics[name] = Histogram(
                    name, metric.help, metric.labels, registry=self.registry, buckets=BUCKETS_S
                )

    def counter(self, name: str, **labels: str) -> Counter:
        """The child of a counter; keep it where a path is hot."""
        found = self._find(name, labels)
        if not isinstance(found, Counter):
            raise KeyError(name)
        return found

    def gauge(self, name: str, **labels: str) -> Gauge:
        found = self._find(name, labels)
        if not isinstance(found, Gauge):
            raise KeyError(name)
        return found

    def histogram(self, name: str, **labels: str) -> Histogram:
        found = self._find(name, labels)
        if not isinstance(found, Histogram):
            raise KeyError(name)
        return found

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self.counter(name, **labels).inc(amount)

    def set_to(self, name: str, value: float, **labels: str) -> None:
        self.gauge(name, **labels).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        self.histogram(name, **labels).observe(value)

    def text(self) -> bytes:
        """What `/metrics` answers."""
        return generate_latest(self.registry)

    def _find(self, name: str, labels: dict[str, str]) -> Counter | Gauge | Histogram:
        metric = self._metrics[name]
        if set(labels) != set(METRICS[name].labels):
            raise KeyError(f"{name}: labels")
        return metric.labels(**labels) if labels else metric


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def health_app(metrics: Metrics, missing: Callable[[], Iterable[str]]) -> AsgiApp:
    """`/livez` (the loop turns), `/readyz` (503 and what is missing, as plain words) and `/metrics`.

    Args:
        missing: names of the parts that are not ready; none when the process may be sent work.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("http only")
        status, body, kind = 404, b"not found\n", "text/plain; charset=utf-8"
        if scope["method"] not in ("GET", "HEAD"):
            status, body = 405, b"method not allowed\n"
        elif scope["path"] == "/livez":
            status, body = 200, b"ok\n"
        elif scope["path"] == "/readyz":
            names = sorted(missing())
            metrics.set_to("colink_ready", 0 if names else 1)
            status, body = (503, "\n".join([*names, ""]).encode()) if names else (200, b"ok\n")
        elif scope["path"] == "/metrics":
            status, body, kind = 200, metrics.text(), CONTENT_TYPE_LATEST
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return app
