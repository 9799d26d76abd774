"""Fuzzing: what a reader of bytes is fed with, what is asked of it, and how it is run for a while.

A target is a function that reads bytes from somewhere else. Of its golden inputs, which it must take, edits
make others; each is read, or refused by the one error that the reader names, in bounded time and memory.
"""

import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accord.errors import InvalidError

CPU_S_MAX = 1.0
GROWTH_BYTES_MAX = 64 * 1024 * 1024
INPUT_BYTES_MAX = 100_000

# (what to do, where, how much, which bytes): see `edited`.
Edit = tuple[int, int, int, bytes]
KINDS_OF_EDITS = 8
PIECES: tuple[bytes, ...] = (
    b"",
    b"\0",
    b"\xff",
    b"\x80",
    b"\xef\xbb\xbf",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\\ud83d",
    b"\\u0000",
    b'"',
    b"'",
    b"\\",
    b"[" * 3_000,
    b'{"a":' * 3_000,
    b"- " * 3_000,
    b"9" * 5_000,
    b"1e999",
    b"NaN",
    b"-0",
    b"0x",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"true",
    b"null",
    b"[]",
    b"{}",
    b"\r\n",
    b"\n\n",
    b"%zz",
    b"%ff",
    b"&" * 2_000,
    b"=",
    b";",
    b"A" * 9_000,
    b"\xff" * 300,
    b"*&x",
    b"!!python/object:x",
    b"<" * 500,
    b"`" * 500,
    b"*" * 500,
    b"_" * 500,
    b" " * 2_000,
)


@dataclass(frozen=True, slots=True)
class Target:
    """One reader.

    Attributes:
        reads: functions of the product that are fed, `package.module.name` or `package.module.Class.name`.
        golden: inputs that are taken.
        read: reads; `refusals` are what it may raise.
        write: the bytes of a value, where a value has one form only.
    """

    reads: tuple[str, ...]
    golden: Sequence[bytes]
    read: Callable[[bytes], Any]
    refusals: tuple[type[Exception], ...] = (InvalidError,)
    write: Callable[[Any], bytes] | None = None


def edited(data: bytes, edits: Sequence[Edit]) -> bytes:
    """The bytes after some changes: cut, double, flip, drop, insert, replace, move."""
    made = bytearray(data)
    for kind, where, much, piece in edits:
        at = where % (len(made) + 1)
        to = min(len(made), at + 1 + much % 64)
        if kind in (0, 4, 6) and len(made) > INPUT_BYTES_MAX:
            continue
        if kind == 0:
            made[at:at] = piece
        elif kind == 1:
            made[at:to] = piece
        elif kind == 2:
            del made[at:to]
        elif kind == 3:
            del made[at:]
        elif kind == 4:
            made[at:at] = made[at:to] * (1 + much % 200)
        elif kind == 5 and at < len(made):
            made[at] ^= 1 << much % 8
        elif kind == 6:
            made[at:at] = made[: much % (len(made) + 1)]
        elif kind == 7:
            moved = made[at:to]
            del made[at:to]
            made += moved
    return bytes(made[:INPUT_BYTES_MAX])


def judge(target: Target, data: bytes) -> bool:
    """Whether it was taken; fails where a reader broke a promise."""
    begun_s = time.thread_time()
    try:
        value = target.read(data)
    except target.refusals:
        taken = False
    else:
        taken = True
    took_s = time.thread_time() - begun_s
    assert took_s < CPU_S_MAX, f"{took_s:.1f} s of CPU for {len(data)} bytes"
    if taken and target.write is not None:
        assert target.write(value) == data, "two inputs for one value"
    return taken


def hunt(target: Target, seed: int, for_s: float) -> tuple[int, int]:
    """Feed edits of edits for a while. Returns how many inputs were tried, and how many of them taken."""
    dice = random.Random(seed)
    corpus, tried, taken = list(target.golden), 0, 0
    ends_s = time.monotonic() + for_s
    while time.monotonic() < ends_s:
        edits = [
            (dice.randrange(KINDS_OF_EDITS), dice.getrandbits(16), dice.getrandbits(16), piece_of(dice))
            for _ in range(dice.choice((1, 1, 2, 4, 9)))
        ]
        data = edited(dice.choice(corpus), edits)
        try:
            was_taken = judge(target, data)
        except Exception as error:
            raise AssertionError(f"seed {seed}, input {tried}: {data[:2_000]!r}") from error
        tried += 1
        if was_taken:
            taken += 1
            # What is taken is a step into the reader: it is gone on from.
            if len(corpus) < 500 and len(data) < 20_000:
                corpus.append(data)
    return tried, taken


def piece_of(dice: random.Random) -> bytes:
    """Some bytes to put somewhere."""
    return dice.choice(PIECES) if dice.random() < 0.5 else dice.randbytes(dice.randrange(9))


def growth_bytes(work: Callable[[], object]) -> int:
    """The most memory that Python objects took while the work was done."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
