"""From the last approval of a policy until every cell and edge decides under it, through officers' doors.

A change and its way back are put in force in turns. The clock runs from the moment when the last signature is
answered; asking for the activation is in it. The directory is asked every 10 ms who has acknowledged.
"""

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.figures import Results, figures_of, quantile
from benchmarks.product import NothingToMeasureError
from benchmarks.setting import Setting
from deploy.demo import registry
from deploy.policy import directory
from deploy.policy.reading import RefusedError
from residency_policies.builtin import builtin_policies

OFFICERS = ("officer-de-1", "officer-de-2", "officer-de-3")
CHANGES, EVERY_S, SEEN_S_MAX = 4, 0.01, 30.0
FORBIDDEN = """flows:
  - id: F9
    effect: deny
    classes: [file_content]
    ops: [disclose]
    to: ["US"]
    because: Files are read in Europe
"""
UNITS = {
    "nodes": "",
    "seen_p50_ms": "ms",
    "seen_max_ms": "ms",
    "activated_p50_ms": "ms",
}


async def measure(setting: Setting) -> Results:
    """Milliseconds until all have acknowledged, over some changes in each run."""
    try:
        data_dir = registry.find(setting.data_dir).data_dir
        doors = [Door(*_enter(name, data_dir)) for name in OFFICERS]
    except (registry.NoDemoError, RefusedError, directory.NoError) as error:
        raise NothingToMeasureError(f"{type(error).__name__}: {error}") from error
    runs = [await asyncio.to_thread(_run, doors) for _ in range(setting.repeat)]
    return Results(figures_of("activate", runs, UNITS))


class Door:
    """The directory's door for one officer, over one connection."""

    def __init__(self, url: str, token: str) -> None:
        head = {"authorization": f"Bearer {token}"}
        self._client = httpx2.Client(base_url=url + directory.V1, headers=head, timeout=30.0, trust_env=False)

    def ask(self, verb: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request. Raises ConnectionError when the directory refuses."""
        answer = self._client.request(verb, path, json=body)
        if answer.status_code >= 400:
            raise ConnectionError(f"{verb} {path}: {answer.status_code} {answer.text}")
        return answer.json()


def _enter(name: str, data_dir: Path) -> tuple[str, str]:
    return directory.enter(argparse.Namespace(officer=name, data=data_dir))


def _run(doors: list[Door]) -> dict[str, float]:
    plain = next(text for text in builtin_policies() if "id: default/de" in text)
    stricter = plain.replace("flows:\n", FORBIDDEN)
    taken = [_change(doors, (stricter, plain)[number % 2]) for number in range(CHANGES)]
    seen = [one["seen_ms"] for one in taken]
    return {
        "nodes": taken[0]["nodes"],
        "seen_p50_ms": quantile(seen, 0.5),
        "seen_max_ms": max(seen),
        "activated_p50_ms": quantile([one["activated_ms"] for one in taken], 0.5),
    }


def _change(doors: list[Door], text: str) -> dict[str, float]:
    """Put a document in force; milliseconds from the last signature until it is active, and seen by all."""
    author, *others = doors
    number = author.ask("POST", "/policies", {"document": text})["revision"]
    analysed = author.ask("POST", f"/policies/{number}/analyses")
    for other in others:
        other.ask("POST", f"/policies/{number}/approvals", {"hash": analysed["approval_sha256"]})
    began_s = time.perf_counter()
    active = author.ask("POST", f"/policies/{number}/activations", {"at_s": None, "pilot": []})
    activated_s = time.perf_counter()
    while True:
        nodes = author.ask("GET", "/rollout")["nodes"]
        seen_s = time.perf_counter()
        if all(one["bundle_version"] >= active["bundle_version"] for one in nodes):
            break
        if seen_s - began_s > SEEN_S_MAX:
            raise TimeoutError("not every cell and edge acknowledged")
        time.sleep(EVERY_S)
    return {
        "nodes": len(nodes),
        "activated_ms": (activated_s - began_s) * 1_000,
        "seen_ms": (seen_s - began_s) * 1_000,
    }
