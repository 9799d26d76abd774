"""Canaries: planted records that must never be seen outside their cell, and every form a store could give
them.

A canary has a core that nothing else holds. Its forms are the byte strings to look for: the core in
encodings, cases and escapes; digests of the value, plain and under every key that is known. A form has at
least 8 bytes.
"""

import base64
import hashlib
import hmac
import json
import quopri
import random
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Literal

from accord.blind import blind_index, normalise

FORM_BYTES_MIN = 8
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
# Letters with marks of their own, decomposed: stores normalise them, fold them and escape them.
_MARKED = tuple(unicodedata.normalize("NFD", letter) for letter in "äöüéñøåčžяйέή")
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_NORMAL_FORMS: tuple[Literal["NFC", "NFD", "NFKC"], ...] = ("NFC", "NFD", "NFKC")
_DIGESTS = ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s")


@dataclass(frozen=True, slots=True)
class Canary:
    """One planted value.

    Attributes:
        name: what it is, unique in a set: `message`, `person_email`.
        data_class: class of the vocabulary.
        value: as it is handed to the product.
        core: the part of the value that is looked for.
        attribute: `email`, `phone` or `slug` when it has a blind index.
    """

    name: str
    data_class: str
    value: str
    core: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a needle stands for."""

    canary: str
    name: str

    @property
    def is_blind_index(self) -> bool:
        """Whether it is the blind index of the canary: lawful in the directory's claims."""
        return self.name.startswith("blind index")


def word(dice: random.Random, length: int = 18) -> str:
    """A core of letters and digits that survives being cut into words, made a channel name or an address."""
    return "cnry" + "".join(dice.choices(_ALPHABET, k=length - 4))


def marked_word(dice: random.Random) -> str:
    """A core in letters with combining marks, from three scripts."""
    return "".join(dice.choices(_MARKED, k=12))


def number(dice: random.Random) -> str:
    """A core of 12 digits, which stores may keep as an integer."""
    return str(dice.randrange(10**11, 10**12))


def phone(dice: random.Random) -> str:
    """A German number of the range that is given to nobody, in E.164."""
    return f"+4930231259{dice.randrange(100):02d}"


def address(dice: random.Random) -> str:
    """An address of the documentation range."""
    return str(IPv6Address((0x20010DB8 << 96) + dice.getrandbits(96)))


def near_miss(canary: Canary) -> Canary:
    """The same but for one character of the core: never to be reported as the canary."""
    middle = len(canary.core) // 2
    other = "7" if canary.core[middle] != "7" else "8"
    core = canary.core[:middle] + other + canary.core[middle + 1 :]
    return Canary(
        canary.name,
        canary.data_class,
        canary.value.replace(canary.core, core),
        core,
        canary.attribute,
    )


def forms(canary: Canary, keys: Iterable[bytes] = ()) -> dict[bytes, Form]:
    """Every byte string that gives the canary away.

    Args:
        keys: secrets that the processes hold: digests are looked for under each of them too.
    """
    made: dict[bytes, Form] = {}
    for needle, name in _all_forms(canary, tuple(keys)):
        if len(needle) >= FORM_BYTES_MIN:
            made.setdefault(needle, Form(canary.name, name))
    return made


def needles(canaries: Iterable[Canary], keys: Iterable[bytes] = ()) -> dict[bytes, Form]:
    """The forms of a set. Raises ValueError when two canaries share one."""
    secrets = tuple(keys)
    made: dict[bytes, Form] = {}
    for canary in canaries:
        for needle, form in forms(canary, secrets).items():
            if made.setdefault(needle, form).canary != canary.name:
                raise ValueError(f"{canary.name} and {made[needle].canary} have a form in common")
    return made


def _all_forms(canary: Canary, keys: tuple[bytes, ...]) -> Iterator[tuple[bytes, str]]:
    if canary.attribute:
        for key in keys:
            if len(key) >= 32:
                digest = blind_index(key, canary.attribute, canary.value)
                yield from _digest_forms(digest, "blind index")
    for name, text in _spellings(canary.core):
        yield from _text_forms(name, text)
    yield from _packed(canary.core)
    for name, text in _values(canary):
        data = text.encode()
        for digest_name in _DIGESTS:
            yield from _digest_forms(hashlib.new(digest_name, data).digest(), f"{digest_name} of {name}")
        for key in keys:
            yield from _digest_forms(hmac.digest(key, data, "sha256"), f"keyed hash of {name}")


def _values(canary: Canary) -> list[tuple[str, str]]:
    """What would be hashed."""
    values = {"value": canary.value, "trimmed": canary.value.strip(), "lower": canary.value.strip().lower()}
    if canary.attribute:
        values["normalised"] = normalise(canary.attribute, canary.value)
    values["core"] = canary.core
    unique: Mapping[str, str] = {text: name for name, text in reversed(values.items())}
    return [(name, text) for text, name in unique.items()]


def _spellings(core: str) -> list[tuple[str, str]]:
    spelled = {
        "raw": core,
        "lower": core.lower(),
        "upper": core.upper(),
        "folded": core.casefold(),
        "title": core.title(),
    }
    for form in _NORMAL_FORMS:
        spelled[form] = unicodedata.normalize(form, core)
        spelled[form + " lower"] = spelled[form].lower()
        spelled[form + " upper"] = spelled[form].upper()
    bare = "".join(c for c in spelled["NFD"] if not unicodedata.combining(c))
    spelled["without marks"] = bare.casefold()
    unique = {text: name for name, text in reversed(spelled.items())}
    return [(name, text) for text, name in unique.items()]


def _text_forms(name: str, text: str) -> Iterator[tuple[bytes, str]]:
    plain = text.encode()
    for encoding in _ENCODINGS:
        yield text.encode(encoding), f"{name} {encoding}"
    quoted = urllib.parse.quote(text, safe="")
    for once in (quoted, quoted.lower(), _each(plain, "%{:02X}"), _each(plain, "%{:02x}")):
        yield once.encode(), f"{name} url"
        yield once.replace("%", "%25").encode(), f"{name} url twice"
    units = [text.encode("utf-16-be")[i : i + 2].hex() for i in range(0, 2 * len(text), 2)]
    yield "".join(f"\\u{unit}" for unit in units).encode(), f"{name} json"
    yield "".join(f"\\u{unit.upper()}" for unit in units).encode(), f"{name} json"
    yield json.dumps(text)[1:-1].encode(), f"{name} json"
    yield _each(plain, "\\x{:02x}").encode(), f"{name} bytes"
    yield repr(plain)[2:-1].encode(), f"{name} bytes"
    yield text.encode("unicode_escape"), f"{name} escaped"
    yield text.encode("ascii", "xmlcharrefreplace"), f"{name} html"
    yield quopri.encodestring(plain), f"{name} quoted-printable"
    yield "".join(f"&#{ord(c)};" for c in text).encode(), f"{name} html"
    yield "".join(f"&#x{ord(c):x};" for c in text).encode(), f"{name} html"
    yield _each(plain, "={:02X}").encode(), f"{name} quoted-printable"
    if not text.isascii():
        yield text.encode("punycode"), f"{name} punycode"
    for encoding in ("utf-8", "utf-16-le"):
        data = text.encode(encoding)
        yield data.hex().encode(), f"{name} {encoding} hex"
        yield data.hex().upper().encode(), f"{name} {encoding} hex"
        yield from _based(data, f"{name} {encoding}")


def _based(data: bytes, name: str) -> Iterator[tuple[bytes, str]]:
    """What is sure of the text whatever stands before and after the data."""
    for width, kind, encode in (
        (6, "base64", base64.b64encode),
        (6, "base64 url", base64.urlsafe_b64encode),
        (5, "base32", base64.b32encode),
    ):
        for before in range(3 if width == 6 else 5):
            text = encode(bytes(before) + data)
            begin = -(-8 * before // width)
            yield text[begin : 8 * (before + len(data)) // width], f"{name} {kind}"


def _digest_forms(digest: bytes, name: str) -> Iterator[tuple[bytes, str]]:
    """Any text or bytes that begins as the digest does: a store may cut it."""
    head = digest[:8]
    yield head, name
    yield head.hex().encode(), f"{name}, hex"
    yield head.hex().upper().encode(), f"{name}, hex"
    yield base64.b64encode(digest)[:10], f"{name}, base64"
    yield base64.urlsafe_b64encode(digest)[:10], f"{name}, base64"
    yield base64.b32encode(digest)[:12], f"{name}, base32"


def _packed(core: str) -> Iterator[tuple[bytes, str]]:
    if core.isascii() and core.isdigit():
        yield int(core).to_bytes(8, "big"), "integer"
        yield int(core).to_bytes(8, "little"), "integer"
    if ":" in core:
        yield IPv6Address(core).packed, "packed address"
        yield IPv6Address(core).exploded.encode(), "exploded address"


def _each(data: bytes, pattern: str) -> str:
    return "".join(pattern.format(byte) for byte in data)
