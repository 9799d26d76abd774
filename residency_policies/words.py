"""Lists of words that stand in documents, by the names under which the grammar speaks of them."""

from typing import Final

from residency_policies import vocabulary as v
from residency_policies.claims import KINDS

_FACTS: Final = (*v.ASSERTED_FACTS, *v.OBSERVED_FACTS)

# name: (what one of them is called in a finding, the words)
WORDS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "class": ("data class", v.CLASS_WORDS),
    "leaf": ("data class", v.CLASSES),
    "operation": ("operation", v.OPERATIONS),
    "relation": ("relation of viewers", v.RELATIONS),
    "purpose": ("purpose", v.PURPOSES),
    "obligation": ("obligation", tuple(v.OBLIGATIONS)),
    "mechanism": ("transfer mechanism", v.MECHANISMS),
    "exception": ("mechanism or fact", (*_FACTS, *v.MECHANISMS)),
    "fact": ("fact", _FACTS),
    "asserted_fact": ("fact that a document can assert", v.ASSERTED_FACTS),
    "observed_fact": ("fact of a question", v.OBSERVED_FACTS),
    "confidence": ("level of confidence", ("high", "medium", "low")),
    "effect": ("effect", ("permit", "deny")),
    "floor_effect": ("effect", ("deny", "require")),
    "expectation": ("expectation", ("allow", "deny")),
    "default": ("default", ("closed", "open")),
    "order": ("order", v.ORDERS),
    "key_custody": ("custody of keys", v.KEY_CUSTODY),
    "retention_start": ("start of a term", v.RETENTION_STARTS),
    "policy_layer": ("layer", v.POLICY_LAYERS),
    "floor_layer": ("layer", ("floor",)),
    "duty": ("duty", v.DUTIES),
    "deadline_unit": ("unit", v.DEADLINE_UNITS),
    "claim": ("kind of claim", KINDS),
}
