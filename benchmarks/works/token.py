"""What an edge's check of a token costs: the first time it is seen, and known."""

import time

from accord.clock import SystemClock
from accord.identity import mint, new_token_id
from accord.ids import new_id
from accord.signing import KeyRing, RingKey, SigningKey
from benchmarks.figures import Results, figures_of
from benchmarks.setting import Setting
from edge.services.tokens import Tokens

COUNT = 2_000
KEPT_ROUNDS = 50


async def measure(setting: Setting) -> Results:
    """Microseconds of one check."""
    key = SigningKey.generate()
    ring = KeyRing([RingKey("cell", "*", key.key_id, key.public, 0, 2**40)])
    now_s = int(time.time())
    texts = [
        mint(key, "xoxb-", {"i": new_token_id(), "r": new_id("T"), "u": new_id("U"), "t": now_s})
        for _ in range(COUNT)
    ]
    return Results(
        figures_of(
            "token", [_run(ring, texts) for _ in range(setting.repeat)], {"first_us": "us", "known_us": "us"}
        )
    )


def _run(ring: KeyRing, texts: list[str]) -> dict[str, float]:
    tokens = Tokens(ring, SystemClock(), "fra")
    return {"first_us": _each_us(tokens, texts), "known_us": _each_us(tokens, texts * KEPT_ROUNDS)}


def _each_us(tokens: Tokens, texts: list[str]) -> float:
    began_ns = time.perf_counter_ns()
    for text in texts:
        tokens.verify(text)
    return (time.perf_counter_ns() - began_ns) / 1_000 / len(texts)
