"""The grammar of documents: every part, its keys, what stands under each key, and what it means.

The one source of three things: which keys the reader accepts, the JSON Schema for editors (`schema`), and the
reference page of the language. What a value must be beyond its shape is said by the reader that reads it.

Shapes
    text  line of text            id  short name       path  owner/name     paths, ids  lists of them
    instant  date or UTC instant  flag  true or false  integer:LOW:HIGH     word:LIST, words:LIST
    country  one country          place, places  countries and blocs        country_zz, places_zz  and ZZ
    any:SHAPE  one of the shape or a list of them, in a condition
    part:NAME, parts:NAME         a mapping, a list of mappings        condition:NAME  words by key
"""

from dataclasses import dataclass
from typing import Final

DAYS_MAX: Final = 36_525


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a part."""

    name: str
    shape: str
    meaning: str
    required: bool = False


def _must(name: str, shape: str, meaning: str) -> Key:
    return Key(name, shape, meaning, required=True)


_BECAUSE = _must("because", "text", "the reason, for people who read the decision")
_ID = _must("id", "id", "name of the clause, unique in the document")
_CITATION = _must("citation", "text", "where the law says so")
_CONFIDENCE = _must("confidence", "word:confidence", "how sure the source is")
_CLASSES = _must("classes", "words:class", "data classes, groups or aliases")
_OPS = _must("ops", "words:operation", "operations")
_METADATA_ID = _must("id", "path", "name of the document, unique in a bundle")
_TITLE = _must("title", "text", "what it is, in a line")

_MATCH: Final = (
    _ID,
    _CLASSES,
    _OPS,
    Key("to", "places", "where the flow goes: every place of it for a permit, any place for a deny"),
    Key("to_not", "places", "everywhere but there; excludes `to`"),
    Key("viewers", "words:relation", "relations of the viewer; without it every relation"),
    Key("viewer_countries", "places_zz", "countries of the viewer; `to` then speaks of the region alone"),
    Key("purposes", "words:purpose", "purposes; without it every purpose"),
    Key("when", "condition:condition", "what must all hold for the rule to count"),
    Key("obligations", "words:obligation", "what is owed for the act"),
    _BECAUSE,
)

PARTS: Final[dict[str, tuple[Key, ...]]] = {
    "flow": (
        *_MATCH,
        _must("effect", "word:effect", "permit or deny"),
        Key("unless", "condition:condition", "what lifts the rule when all of it holds"),
        Key("using", "ids", "instruments under which the permit stands, and only as far as they reach"),
    ),
    "rule": (
        *_MATCH,
        _must("effect", "word:floor_effect", "deny or require"),
        Key("unless_any", "words:exception", "mechanisms and facts, each of which lifts a deny by itself"),
        Key("unless_all", "words:exception", "mechanisms and facts that lift a deny together"),
        _CITATION,
        _CONFIDENCE,
        Key("last_checked", "instant", "when the source was last read, if not with the pack"),
    ),
    "condition": (
        Key("workspace_tag", "any:id", "tags of the workspace"),
        Key("channel_tag", "any:id", "tags of the channel"),
        Key("item_tag", "any:id", "tags of the item"),
        Key("fact", "any:word:fact", "facts"),
    ),
    "placement": (
        _ID,
        _CLASSES,
        _must("primary", "part:primary", "where the classes rest"),
        Key("replicas", "part:replicas", "where standbys may rest; nowhere without it"),
        Key("backups", "part:backups", "where backups rest"),
        Key("keys", "part:keys", "where keys rest and are used"),
        Key("order", "word:order", "whether the home commits before any copy is made"),
        _BECAUSE,
    ),
    "primary": (_must("in", "places", "countries and blocs"),),
    "replicas": (
        _must("in", "places", "countries and blocs"),
        Key("min", "integer:0:16", "how many copies there must be beside the home"),
    ),
    "backups": (
        _must("in", "places", "countries and blocs"),
        Key("max_age_days", f"integer:1:{DAYS_MAX}", "how old a backup may get"),
    ),
    "keys": (
        _must("in", "places", "countries and blocs"),
        Key("custody", "word:key_custody", "who holds the keys, and in what"),
    ),
    "retention": (
        Key("id", "id", "name of the clause; without it the word retention and its classes"),
        _CLASSES,
        Key("min_days", f"integer:0:{DAYS_MAX}", "kept at least so long, whatever is asked"),
        Key("max_days", f"integer:0:{DAYS_MAX}", "purged after so long"),
        Key("after", "word:retention_start", "what the days count from; `written` without it"),
        _BECAUSE,
    ),
    "floor_retention": (
        Key("id", "id", "name of the clause; without it the word retention and its classes"),
        _CLASSES,
        Key("min_days", f"integer:0:{DAYS_MAX}", "kept at least so long, whatever is asked"),
        Key("max_days", f"integer:0:{DAYS_MAX}", "purged after so long"),
        Key("after", "word:retention_start", "what the days count from; `written` without it"),
        _BECAUSE,
        _CITATION,
        _CONFIDENCE,
    ),
    "instrument": (
        _must("id", "id", "name by which flows use it"),
        _must("type", "word:mechanism", "the transfer mechanism that it is one of"),
        _must("citation", "text", "the legal ground"),
        _must("importer", "text", "who receives the data"),
        _must("to", "places", "where it reaches"),
        _CLASSES,
        _OPS,
        _must("valid", "part:validity", "when it counts"),
        Key("occasional", "flag", "whether it may serve single acts only"),
        Key("evidence", "part:evidence", "what proves it"),
    ),
    "validity": (
        Key("from", "instant", "the first instant at which it counts"),
        _must("until", "instant", "the first instant at which it no longer counts"),
    ),
    "evidence": (
        Key("tia", "text", "number of the transfer impact assessment"),
        Key("filing", "text", "number of the filing with the authority"),
        Key("ref", "text", "number of another paper"),
        Key("sha256", "text", "digest of the paper, hex"),
    ),
    "fact": (
        _must("id", "word:asserted_fact", "the fact"),
        _must("owner", "text", "who vouches for it"),
        _must("until", "instant", "the first instant at which it no longer counts"),
        _must("evidence", "text", "what proves it"),
        _BECAUSE,
    ),
    "adequacy": (
        _must("to", "place", "the destination"),
        Key("since", "instant", "the first instant at which it counts"),
        Key("until", "instant", "the first instant at which it no longer counts"),
        Key("fact", "word:asserted_fact", "what must be asserted for it to count"),
        Key("scope", "text", "for whom it counts; needs `fact`"),
        _CITATION,
    ),
    "mechanism": (
        _must("type", "word:mechanism", "a transfer mechanism that this law knows"),
        _CITATION,
        Key("needs", "words:mechanism", "what an instrument of this type needs beside it"),
        Key("occasional", "flag", "whether it may serve single acts only"),
    ),
    "deadline": (
        _must("duty", "word:duty", "what has to be done"),
        Key("amount", "integer:0:100000", "how long, in `unit`; without it the law sets no number"),
        Key("unit", "word:deadline_unit", "hours, days or months"),
        Key("starts", "text", "what it counts from"),
        Key("note", "text", "extensions, and what stands instead of a number"),
        _CITATION,
        _CONFIDENCE,
    ),
    "test": (
        _must("name", "text", "what is promised, in a line"),
        _must("op", "word:operation", "the operation"),
        _must("class", "word:leaf", "the data class"),
        _must("from", "country", "where the data is"),
        _must("to", "country", "where it goes"),
        _must("viewer", "word:relation", "the relation of the viewer"),
        Key("viewer_country", "country_zz", "where the viewer is; `to` without it"),
        Key("purpose", "word:purpose", "the purpose; `local` without it"),
        Key("tags", "ids", "tags of the channel and of the item"),
        Key("facts", "words:observed_fact", "facts of the question"),
        _must("expect", "word:expectation", "allow or deny"),
        Key("obligations", "words:obligation", "exactly what is owed"),
        Key("rule", "text", "a clause that must be among the reasons"),
    ),
    "claim": (
        _must("id", "id", "name of the claim, unique in the document"),
        _must("claim", "word:claim", "what is claimed"),
        _must("classes", "words:class", "of which data classes"),
        Key("from", "places", "where the data is at first"),
        Key("to", "places", "where it never is, or for `reader_set` exactly where it can be seen"),
        Key("to_not", "places", "everywhere but there; excludes `to`"),
        Key("home", "places", "where the classes are written first, or rest in two copies"),
        Key("ops", "words:operation", "which operations owe something"),
        Key("obligations", "words:obligation", "what they owe"),
        Key("instrument", "id", "the instrument without which nothing is allowed"),
        Key("assume", "condition:condition", "facts and tags that always hold"),
        Key("assume_not", "condition:condition", "facts and tags that never hold"),
        Key("because", "text", "why it matters"),
    ),
    "effective": (_must("from", "instant", "the first instant at which the policy counts"),),
    "policy_metadata": (
        _METADATA_ID,
        _TITLE,
        _must("layer", "word:policy_layer", "the layer: organisation, workspace or channel"),
        Key("version", "integer:1:2147483648", "number of the text; 1 without it"),
        Key("effective", "part:effective", "when it begins; at once without it"),
        Key("review_by", "instant", "when people look at it again"),
    ),
    "applies_to": (
        Key("workspaces", "ids", "workspaces by id"),
        Key("channels", "ids", "channels by id; of a policy of the layer channel"),
        Key("establishment", "country", "where the workspace is established"),
        Key("subjects", "places", "where the people are whom the data is about"),
        Key("tags", "ids", "tags of the workspace"),
    ),
    "floor_metadata": (
        _METADATA_ID,
        _TITLE,
        _must("layer", "word:floor_layer", "floor"),
        _must("version", "id", "number of the text"),
        _must("last_checked", "instant", "when the sources were last read"),
        _CONFIDENCE,
        _must("disclaimer", "text", "that it is no legal advice"),
        Key("review_days", "integer:1:3650", "how long a reading is good for; 365 without it"),
        Key("no_waiver", "flag", "whether no waiver can lift a clause of it"),
        Key("reference_only", "flag", "whether it may not be activated for a customer"),
        Key("reviewed_by_counsel", "flag", "whether a lawyer of the place has read it"),
    ),
    "applies_when": (
        Key("establishment", "places", "where the workspace is established"),
        Key("subjects", "places", "where the people are whom the data is about"),
        Key("tags", "ids", "tags of the workspace"),
        Key("region", "places", "where the data is"),
    ),
    "document_metadata": (_METADATA_ID, _TITLE),
    "approval": (
        _must("by", "text", "who approves"),
        _must("at", "instant", "when"),
    ),
}

_API = _must("apiVersion", "text", "`residency/v1`")


def _kind(name: str) -> Key:
    return _must("kind", "text", f"`{name}`")


KINDS: Final[dict[str, tuple[Key, ...]]] = {
    "Policy": (
        _API,
        _kind("Policy"),
        _must("metadata", "part:policy_metadata", "what it is"),
        _must("applies_to", "part:applies_to", "whom it is for"),
        Key("packs", "paths", "packs that apply beside those that apply by themselves"),
        _must("default", "word:default", "`closed`: what no permit allows is refused"),
        Key("placement", "parts:placement", "where classes rest; exhaustive for the classes it names"),
        Key("flows", "parts:flow", "what may pass"),
        Key("retention", "parts:retention", "how long classes are kept"),
        Key("instruments", "parts:instrument", "transfer instruments"),
        Key("facts", "parts:fact", "facts about the world, with an owner and an end"),
        Key("tests", "parts:test", "what must come out"),
        Key("proofs", "parts:claim", "what is proved or refuted about the whole policy"),
    ),
    "FloorPack": (
        _API,
        _kind("FloorPack"),
        _must("metadata", "part:floor_metadata", "what it is"),
        _must("applies_when", "part:applies_when", "when it applies: any of these is enough"),
        Key("adequacy", "parts:adequacy", "destinations that need no further ground"),
        Key("mechanisms", "parts:mechanism", "what this law demands of instruments"),
        _must("rules", "parts:rule", "what the law demands"),
        Key("retention", "parts:floor_retention", "how long the law has classes kept"),
        Key("deadlines", "parts:deadline", "within what time the law has people answered"),
    ),
    "Instrument": (
        _API,
        _kind("Instrument"),
        _must("metadata", "part:document_metadata", "what it is"),
        _must("policies", "paths", "policies for which it counts"),
        _must("instrument", "part:instrument", "the instrument"),
    ),
    "Waiver": (
        _API,
        _kind("Waiver"),
        _must("metadata", "part:document_metadata", "what it is"),
        _must("policies", "paths", "policies for which it counts"),
        _must("pack", "path", "the pack"),
        _must("clauses", "ids", "clauses of the pack that it lifts"),
        _must("reason", "text", "why"),
        _must("counsel", "text", "the lawyer who stands for it"),
        _must("author", "text", "who wrote it"),
        _must("valid", "part:validity", "when it counts"),
        _must("approvals", "parts:approval", "at least two people, neither of them the author"),
    ),
}
