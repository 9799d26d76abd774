"""What leaves by another door: derivatives that go further than what they are made from.

E-DERIVED  something that is made from a class goes where the class itself never does
"""

from collections.abc import Iterator

from residency_policies.analyse.matches import Answers
from residency_policies.analyse.wording import regions_text
from residency_policies.derivations import derived_from
from residency_policies.errors import Finding
from residency_policies.model import Policy
from residency_policies.places import countries_of
from residency_policies.prove.certificate import regions_at, shown_in
from residency_policies.prove.closure import reach
from residency_policies.prove.graph import Moves
from residency_policies.prove.paths import Paths, path_text, start_of
from residency_policies.vocabulary import CLASS_GROUPS, UNKNOWN_COUNTRY, leaves_of

# Classes that are looked at, with what is made of them: what people say, and who they are. Copies are placed
# by their own clauses; a name in a snippet of a message goes where the message goes.
_LOOKED_AT = {
    **dict.fromkeys(CLASS_GROUPS["content"], frozenset(CLASS_GROUPS["derived"])),
    **dict.fromkeys(CLASS_GROUPS["identity"], frozenset(CLASS_GROUPS["pseudonymous"])),
}
_ENDS = ("platform", "human", "authority")


def derived_findings(policy: Policy, answers: Answers) -> Iterator[Finding]:
    """Each clause by which a derivative leaves further than its source, once."""
    atlas, moves = answers.atlas, Moves(answers.table)
    told: set[str] = set()
    for entry in policy.placement:
        homes = countries_of(entry.primary)
        start = start_of(moves, atlas, homes)
        placed = {leaf for word in entry.classes for leaf in leaves_of(word)}
        for source in (leaf for leaf in _LOOKED_AT if leaf in placed):
            own = _places(answers, moves, source, source, start)
            for made in sorted(derived_from(source) & _LOOKED_AT[source]):
                gone = _places(answers, moves, made, made, start) - own - homes - {UNKNOWN_COUNTRY}
                if not gone:
                    continue
                path = Paths(moves, atlas).to(source, start, frozenset(gone), _ENDS)
                clause = path[-1].clauses[0] if path else ""
                if not path or clause in told:
                    continue
                told.add(clause)
                op = path[-1].how
                sentence = (
                    f"{source} stays in {regions_text(own | homes)}, but {path[-1].leaf} may {op} to "
                    f"{path[-1].place}. Path: {path_text(path)}"
                )
                flow = next((one for one in policy.flows if one.id == clause), None)
                at = flow.at if flow is not None else entry.at
                suggestion = f"Leave {source} out of it, or narrow {clause}."
                yield Finding(policy.id, *at, "E-DERIVED", f"flows.{clause}", sentence, suggestion)


def _places(answers: Answers, moves: Moves, leaf: str, source: str, start: int) -> frozenset[str]:
    """Where one leaf comes by moves of its own."""
    reached = reach(moves, source, start)
    found = {
        answers.atlas.country_of(one) for one in regions_at(moves, answers.atlas, reached.platform[leaf])
    }
    for ends in (reached.human, reached.authority):
        if leaf in ends:
            found |= shown_in(moves, answers.atlas, ends[leaf])
    return frozenset(found)
