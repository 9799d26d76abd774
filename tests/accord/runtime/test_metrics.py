"""Metrics and health."""

import re
from typing import Any

import pytest

from accord.runtime.metrics import METRICS, Metric, Metrics, health_app

PERSONAL = {"user", "person", "workspace", "resident", "channel", "token", "email", "path"}


def test_the_table_is_well_formed_and_no_label_names_a_person_or_customer() -> None:
    for name, metric in METRICS.items():
        assert re.fullmatch(r"colink_[a-z_]+", name)
        assert (metric.kind == "counter") == name.endswith("_total")
        assert metric.help.endswith(".")
        assert not PERSONAL & set(metric.labels)


def test_no_metric_is_made_with_a_label_without_a_data_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "colink_moods_total", Metric("counter", "Moods.", ("mood",)))
    with pytest.raises(KeyError, match="colink_moods_total"):
        Metrics()


def test_what_is_counted_is_told() -> None:
    metrics = Metrics()
    metrics.count("colink_routes_refused_total", reason="STALE_EPOCH")
    metrics.set_to("colink_routes", 3)
    metrics.observe("colink_commit_seconds", 0.002)
    text = metrics.text().decode()
    assert 'colink_routes_refused_total{reason="STALE_EPOCH"} 1.0' in text
    assert "colink_routes 3.0" in text
    assert 'colink_commit_seconds_bucket{le="0.0025"} 1.0' in text


def test_a_metric_or_label_outside_the_table_is_an_error() -> None:
    metrics = Metrics()
    with pytest.raises(KeyError):
        metrics.count("colink_made_up_total")
    with pytest.raises(KeyError):
        metrics.count("colink_fences_total", user="U1")
    with pytest.raises(KeyError):
        metrics.count("colink_routes")


async def _ask(path: str, missing: list[str], method: str = "GET") -> tuple[int, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    await health_app(Metrics(), lambda: missing)(
        {"type": "http", "method": method, "path": path}, receive, send
    )
    return sent[0]["status"], sent[1]["body"]


async def test_a_process_is_ready_when_nothing_is_missing() -> None:
    assert await _ask("/readyz", []) == (200, b"ok\n")
    assert await _ask("/readyz", ["routes", "bundle"]) == (503, b"bundle\nroutes\n")


async def test_a_process_is_alive_although_it_is_not_ready() -> None:
    assert (await _ask("/livez", ["routes"]))[0] == 200


async def test_metrics_are_served_and_nothing_else_is() -> None:
    status, body = await _ask("/metrics", [])
    assert (status, b"# HELP colink_rpc_total" in body) == (200, True)
    assert (await _ask("/", []))[0] == 404
    assert (await _ask("/metrics", [], "POST"))[0] == 405
