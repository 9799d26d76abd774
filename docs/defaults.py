"""What the built-in policies say to everyday questions: the computed table of the page on residency."""

from docs.tables import code, table
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle, CompiledBundle, compile_bundle
from residency_policies.decision import Question, Viewer
from residency_policies.vocabulary import OBLIGATIONS

# Any moment in the life of the built-in documents would do: they assert no facts.
AT_S = 1_795_000_000
HOMES = ("DE", "US", "IN", "SG", "BR")
# what is asked: operation, data class, viewer, viewer's country (None: where it goes), purpose, abroad?
ASKED: dict[str, tuple[str, str, str, str | None, str, bool]] = {
    "messages rest at home": ("store", "message_body", "system", None, "local", False),
    "messages rest abroad": ("store", "message_body", "system", None, "local", True),
    "an employee reads at home": ("disclose", "message_body", "employee", None, "local", False),
    "an employee reads abroad": ("disclose", "message_body", "employee", None, "local", True),
    "an employee reads in a country of concern": (
        "disclose",
        "message_body",
        "employee",
        "RU",
        "local",
        False,
    ),
    "a guest reads at home": ("disclose", "message_body", "guest", None, "local", False),
    "a guest reads abroad": ("disclose", "message_body", "guest", None, "local", True),
    "a cell abroad searches here": ("search_from", "message_body", "employee", None, "search", True),
    "the words of a search go abroad": ("process", "message_body", "system", None, "search", True),
    "profiles are exported abroad": ("export", "profile_pii", "employee", None, "export", True),
    "keys are used abroad": ("key_use", "enc_key", "system", None, "local", True),
    "the workspace is relocated abroad": ("relocate", "message_body", "system", None, "relocation", True),
}


def default_answer(
    bundle: CompiledBundle, home: str, asked: tuple[str, str, str, str | None, str, bool]
) -> str:
    """Yes with what is owed, or the rule that refuses."""
    op, data_class, relation, country, purpose, abroad = asked
    regions = {region.country: region.id for region in BUILTIN_REGIONS}
    target = ("DE" if home == "US" else "US") if abroad else home
    question = Question(
        workspace="T1", bundle=1, op=op, data_class=data_class, src=regions[home], dst=regions[target],
        viewer=Viewer(relation, country or target), purpose=purpose, can=frozenset(OBLIGATIONS),
    )  # fmt: skip
    decision = bundle.profile_for("T1", home).decide(question)
    if not decision.allow:
        return f"no: `{decision.rule}`"
    owed = [one.do for one in decision.obligations]
    return "yes, booked" if owed == ["ledger_entry"] else f"yes, {code(owed)}" if owed else "yes"


def defaults_table() -> str:
    """What the built-in documents say, by home."""
    bundle = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), AT_S)
    rows = [[what, *(default_answer(bundle, home, asked) for home in HOMES)] for what, asked in ASKED.items()]
    return table(("", *HOMES), rows)
