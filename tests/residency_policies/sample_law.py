"""A small law and the policies under it that use every key of the language: few regions, nothing shipped.

The shipped packs change when the law does. What is pinned about these documents changes only with the engine.
"""

import json
import random

from residency_policies.decision import Region
from residency_policies.document import load_document
from residency_policies.model import FloorPack, InstrumentDocument, Policy, Waiver
from residency_policies.stack import Around, Stack, make_stack
from tests.residency_policies.support import AT_S, flow, instrument, random_policy
from tests.residency_policies.test_instruments import PACK

UNTIL_S = 1_798_761_600  # 2027-01-01T00:00:00Z
WAIVED_S = 1_796_083_200  # 2026-12-01T00:00:00Z, when the waiver has ended
REGIONS = (
    Region("de-1", "DE"), Region("fr-1", "FR"), Region("us-1", "US"), Region("us-2", "US", "US-CA"),
    Region("in-1", "IN"), Region("ch-1", "CH"), Region("br-1", "BR"),
)  # fmt: skip
_HEAD = {"layer": "floor", "version": "3", "last_checked": "2026-11-01", "confidence": "high"}
_LAW = {"because": "law", "citation": "B", "confidence": "high"}
MANY: dict[str, object] = {
    "apiVersion": "residency/v1",
    "kind": "FloorPack",
    "metadata": {**_HEAD, "id": "floor/many", "title": "Many", "disclaimer": "no advice"},
    "applies_when": {"subjects": ["FR"], "tags": ["sector.health"], "region": ["EEA"]},
    "adequacy": [
        {"to": "CH", "citation": "Z"},
        {"to": "GB", "citation": "Z", "since": "2026-01-01", "until": "2027-01-01"},
        {"to": "IN", "citation": "Y", "until": "2026-06-01"},
        {"to": "BR", "citation": "Y", "since": "2027-06-01"},
        {"to": "US", "citation": "X", "scope": "listed", "fact": "recipient_dpf_certified"},
    ],
    "mechanisms": [
        {"type": "adequacy", "citation": "A"},
        {"type": "scc", "citation": "A", "needs": ["impact_assessment"]},
        {"type": "bcr", "citation": "A"},
        {"type": "consent", "citation": "A", "occasional": True},
    ],
    "rules": [
        {
            "id": "m-1", "effect": "deny", "classes": ["personal"],
            "ops": ["disclose", "export", "search_from"], "to_not": ["EEA"],
            "unless_any": ["adequacy", "scc", "bcr", "consent", "incident_mode"], **_LAW,
        },
        {
            "id": "m-2", "effect": "require", "classes": ["personal"], "ops": ["disclose", "export"],
            "to_not": ["EEA"], "obligations": ["ledger_entry"], **_LAW,
        },
        {
            "id": "m-3", "effect": "deny", "classes": ["content"], "ops": ["disclose"],
            "viewer_countries": ["CN", "RU"], "unless_all": ["consent", "counter_below_us_bulk_thresholds"],
            **_LAW,
        },
        {
            "id": "m-4", "effect": "deny", "classes": ["identity"], "ops": ["index", "relocate"],
            "unless_any": ["counter_cn_below_exempt"], **_LAW,
        },
        {
            "id": "m-5", "effect": "deny", "classes": ["billing"], "ops": ["export"],
            "unless_any": ["recipient_dpf_certified"], **_LAW,
        },
    ],
    "retention": [{"id": "m-keep", "classes": ["audit_log"], "min_days": 365, **_LAW}],
}  # fmt: skip
FIRM: dict[str, object] = {
    "apiVersion": "residency/v1",
    "kind": "Policy",
    "metadata": {
        "id": "firm/main", "title": "Firm", "layer": "workspace", "version": 4, "review_by": "2027-06-30",
    },
    "applies_to": {"establishment": "DE", "subjects": ["DE", "FR"], "tags": ["sector.health"]},
    "packs": ["floor/x"],
    "default": "closed",
    "facts": [
        {
            "id": "recipient_dpf_certified", "owner": "officer", "until": "2027-01-01T00:00:00Z",
            "evidence": "EX-1", "because": "listed",
        }
    ],
    "placement": [
        {
            "id": "P1", "classes": ["content", "derived", "identity"], "because": "home",
            "primary": {"in": ["DE"]}, "replicas": {"in": ["FR"]}, "backups": {"in": ["DE", "FR"]},
            "keys": {"in": ["DE"]}, "order": "primary_first",
        },
        {"id": "P2", "classes": ["billing"], "primary": {"in": ["EEA"]}, "because": "bills"},
    ],
    "flows": [
        flow("F1", "permit", classes=["content", "identity"], ops=["disclose", "transit"],
             to=["EEA", "CH", "GB", "BR"]),
        flow("F2", "permit", classes=["content"], to=["CH"], viewers=["employee"],
             obligations=["keep_record"]),
        flow("F3", "permit", ops=["replicate_share", "export", "disclose"], to=["US", "IN"],
             using=["ins-1", "ins-2", "ins-3", "ins-4"], obligations=["second_approval"],
             when={"channel_tag": "red"}),
        flow("F4", "deny", classes=["all"], ops=["support_access"], to_not=["EEA"],
             unless={"fact": "incident_mode"}),
        flow("F5", "permit", classes=["support_case"], ops=["support_access"], to=["EEA", "IN"],
             viewer_countries=["EEA", "IN"], purposes=["support"]),
        flow("F6", "permit", ops=["search_from"], to=["US"], when={"fact": "recipient_dpf_certified"}),
        flow("F7", "deny", classes=["file_content"], to=["FR"], viewers=["guest", "external"]),
        flow("F8", "deny", classes=["file_content"], viewer_countries=["IN"], unless={"channel_tag": "red"}),
    ],
    "instruments": [
        instrument("ins-1", "scc", ops=["replicate_share", "disclose"]),
        instrument("ins-2", "consent", occasional=True, ops=["export", "disclose", "replicate_share"]),
        instrument("ins-3", "bcr", valid={"from": "2026-01-01", "until": "2026-06-01"}, to=["US", "IN"]),
        instrument("ins-4", "bcr", valid={"from": "2027-01-01", "until": "2028-01-01"}, to=["IN"]),
    ],
    "retention": [{"classes": ["message_body"], "min_days": 30, "max_days": 90, "because": "term"}],
}  # fmt: skip
GROUP: dict[str, object] = {
    "apiVersion": "residency/v1",
    "kind": "Policy",
    "metadata": {"id": "firm/group", "title": "Group", "layer": "organisation", "review_by": "2027-06-30"},
    "applies_to": {"workspaces": ["T1"]},
    "default": "open",
    "flows": [flow("O1", "deny", classes=["content"], ops=["export"], to_not=["EEA", "US"])],
}
CHANNEL: dict[str, object] = {
    "apiVersion": "residency/v1",
    "kind": "Policy",
    "metadata": {"id": "firm/red", "title": "Red", "layer": "channel", "review_by": "2027-06-30"},
    "applies_to": {"workspaces": ["T1"], "channels": ["C1"], "subjects": ["US"]},
    "default": "closed",
    "flows": [flow("C1", "permit", ops=["disclose", "replicate_share"], to=["EEA", "US", "BR"])],
    "instruments": [instrument("ins-9", "bcr", ops=["export", "disclose"], to=["BR"])],
}
WAIVER: dict[str, object] = {
    "apiVersion": "residency/v1",
    "kind": "Waiver",
    "metadata": {"id": "firm/waiver", "title": "One case"},
    "policies": ["firm/main"],
    "pack": "floor/many",
    "clauses": ["m-4", "m-2"],
    "reason": "a court ordered it",
    "counsel": "B. Counsel",
    "author": "An officer",
    "valid": {"from": "2026-10-01", "until": "2026-12-01"},
    "approvals": [{"by": "first", "at": "2026-09-01"}, {"by": "second", "at": "2026-09-02"}],
}
SEPARATE: dict[str, object] = {
    "apiVersion": "residency/v1",
    "kind": "Instrument",
    "metadata": {"id": "firm/separate", "title": "I"},
    "policies": ["firm/main"],
    "instrument": instrument("ins-7", "bcr", ops=["search_from", "disclose"], to=["IN"], classes=["content"]),
}


def _policy(values: dict[str, object]) -> Policy:
    document = load_document(json.dumps(values))
    assert isinstance(document, Policy)
    return document


def floors() -> tuple[FloorPack, ...]:
    """The packs of the law."""
    read = (load_document(json.dumps(one)) for one in (PACK, MANY))
    return tuple(one for one in read if isinstance(one, FloorPack))


def firm(at_s: int = AT_S, *, named: bool = True) -> Stack:
    """The firm with its group, a channel, a waiver and an instrument in a document of its own."""
    waiver, separate = load_document(json.dumps(WAIVER)), load_document(json.dumps(SEPARATE))
    assert isinstance(waiver, Waiver)
    assert isinstance(separate, InstrumentDocument)
    around = Around((_policy(GROUP),), (_policy(CHANNEL),), named, (separate,), (waiver,))
    return make_stack(7, _policy(FIRM), floors(), REGIONS, at_s, "DE", ("IN",), ("sector.x",), around=around)


def lone(at_s: int = AT_S) -> Stack:
    """The firm with nothing around it."""
    return make_stack(7, _policy(FIRM), floors(), REGIONS, at_s, "DE")


def of_chance(seed: int) -> Stack:
    """A policy that nobody chose."""
    document = _policy(random_policy(random.Random(seed)))
    return make_stack(1, document, floors(), REGIONS, AT_S, document.applies_to.establishment[0])
