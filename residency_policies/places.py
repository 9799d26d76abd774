"""Places that rules speak of: countries (ISO 3166-1 alpha-2), parts of countries with a law of their own
(ISO 3166-2 and free zones), and blocs, which are dated lists of countries.

A country holds its parts: what a rule says of CA it says of CA-QC. Who is known to be in the country alone
is not known to be in a part of it: inside no list that names the part, outside of none that excludes it.

Blocs come from the packaged copy of the law facts, `packs/jurisdictions.yaml`; `blocs_digest` stands in
every bundle, so that two parties with different lists never believe that they share one bundle.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Final

from residency_policies.vocabulary import UNKNOWN_COUNTRY
from residency_policies.yaml_tree import parse_tree, plain

COUNTRIES: Final[tuple[str, ...]] = tuple(
    """AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM
    IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD
    ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE
    PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST
    SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS
    YE YT ZA ZM ZW""".split()  # noqa: SIM905 - in quotes and commas a missing code would be hard to see
)
# Parts of countries whose law differs from that of the country.
SUBDIVISIONS: Final[tuple[str, ...]] = ("AE-ADGM", "AE-DIFC", "CA-QC", "QA-QFC", "US-CA")
ALL_COUNTRIES: Final[frozenset[str]] = frozenset((*COUNTRIES, *SUBDIVISIONS))
EVERYWHERE: Final[frozenset[str]] = ALL_COUNTRIES | {UNKNOWN_COUNTRY}
# Where viewers are: every country, its parts, and the unknown one; index 0 is any other text.
COUNTRY_INDEX: Final[dict[str, int]] = {
    code: i for i, code in enumerate((*COUNTRIES, *SUBDIVISIONS, UNKNOWN_COUNTRY), 1)
}


@lru_cache(maxsize=1)
def blocs() -> dict[str, frozenset[str]]:
    """Bloc name to member countries, as the packaged law facts list them."""
    text = resources.files("residency_policies.packs").joinpath("jurisdictions.yaml").read_text("utf-8")
    start, end = text.index("\nblocs:"), text.index("\njurisdictions:")
    tree = plain(parse_tree(text[start:end], "jurisdictions.yaml"))
    assert isinstance(tree, dict)
    return {name: frozenset(members) for name, members in tree["blocs"].items()}


@lru_cache(maxsize=1)
def blocs_digest() -> str:
    """SHA-256 (hex) over all blocs and their members and the parts of countries, in order."""
    lines = [f"{name}={','.join(sorted(members))}\n" for name, members in sorted(blocs().items())]
    lines.append(",".join(SUBDIVISIONS) + "\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def is_place(word: str) -> bool:
    """Whether the word is a country, a part of one, or a bloc."""
    return word in ALL_COUNTRIES or word in blocs()


def stated(words: Iterable[str]) -> frozenset[str]:
    """Countries and parts that the words name, blocs read as lists. Precondition: each `is_place` or ZZ."""
    lists = blocs()
    return frozenset(code for word in words for code in lists.get(word, (word,)))


def countries_of(words: Iterable[str]) -> frozenset[str]:
    """The same, and the parts of every country named."""
    named = stated(words)
    return named | {part for part in SUBDIVISIONS if part[:2] in named}


def place_of(country: str, subdivision: str) -> str:
    """Where a region is for rules: the part of its country, if that has a law of its own."""
    return subdivision if subdivision in SUBDIVISIONS and subdivision[:2] == country else country
