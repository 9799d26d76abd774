"""Which documents of a bundle are in force at an instant, and which of them rule a workspace.

Several policies of one id are versions of one policy: of those that have begun, the one that began last
counts. One that has not begun is as if it were not there.
"""

from collections.abc import Iterable, Iterator

from residency_policies.errors import Finding
from residency_policies.model import Document, FloorPack, Instrument, InstrumentDocument, Policy, Waiver
from residency_policies.stack import Around


class Selection:
    """The documents of a bundle at an instant (Unix seconds)."""

    def __init__(self, documents: Iterable[Document], at_s: int) -> None:
        self._documents = tuple(documents)
        self.floors = tuple(one for one in self._documents if isinstance(one, FloorPack))
        self.instruments = tuple(one for one in self._documents if isinstance(one, InstrumentDocument))
        self.policies = _in_force(self._documents, at_s)
        mine = [policy for policy in self.policies if policy.layer == "workspace"]
        self._by_workspace = {name: one for one in mine for name in one.applies_to.workspaces}
        self._by_establishment = {
            country: policy
            for policy in mine
            if not policy.applies_to.workspaces
            for country in policy.applies_to.establishment
        }

    def policy(self, workspace: str, establishment: str) -> Policy | None:
        """The policy of a workspace. One that names it comes before one for its establishment; none when it
        contradicts the establishment.
        """
        policy = self._by_workspace.get(workspace)
        if policy is None:
            return self._by_establishment.get(establishment)
        named = policy.applies_to.establishment
        return policy if not named or establishment in named else None

    def around(self, policy: Policy, workspace: str, tags: Iterable[str]) -> Around:
        """What counts beside the policy of a workspace, with the layers of all its channels, unnamed."""
        held = {*policy.applies_to.tags, *tags}
        organisations = tuple(
            one
            for one in self.policies
            if one.layer == "organisation"
            and (workspace in one.applies_to.workspaces or held & set(one.applies_to.tags))
        )
        channels = tuple(
            one for one in self.policies if one.layer == "channel" and workspace in one.applies_to.workspaces
        )
        waivers = tuple(
            one for one in self._documents if isinstance(one, Waiver) and policy.id in one.policies
        )
        return Around(organisations, channels, not channels, self.instruments, waivers)

    def ambiguous(self) -> Iterator[Finding]:
        """Two policies with equal right to one workspace, each pair once."""
        owners: dict[str, str] = {}
        for policy in self.policies:
            if policy.layer != "workspace":
                continue
            for name in policy.applies_to.workspaces or policy.applies_to.establishment:
                if name in owners:
                    sentence = f"{name} is also covered by {owners[name]}"
                    yield Finding(policy.id, 0, 0, "E-AMBIGUOUS", "applies_to", sentence, "Keep one.")
                owners[name] = policy.id


def starts(documents: Iterable[Document]) -> list[int]:
    """Instants at which policies begin, in order."""
    found = {one.effective_s for one in documents if isinstance(one, Policy)}
    return sorted(moment for moment in found if moment is not None)


def boundaries(documents: Iterable[Document]) -> list[int]:
    """Every instant at which something in the documents begins or ends, in order."""
    documents = tuple(documents)
    found = set(starts(documents))
    for document in documents:
        if isinstance(document, Policy):
            found.update(fact.until_s for fact in document.facts)
            for one in document.instruments:
                found.update(_ends(one))
        elif isinstance(document, FloorPack):
            for entry in document.adequacy:
                found.update(moment for moment in (entry.since_s, entry.until_s) if moment is not None)
        elif isinstance(document, InstrumentDocument):
            found.update(_ends(document.instrument))
        else:
            found.update(_ends(document))
    return sorted(found)


def _ends(one: Instrument | Waiver) -> set[int]:
    return {moment for moment in (one.from_s, one.until_s) if moment is not None}


def _in_force(documents: Iterable[Document], at_s: int) -> tuple[Policy, ...]:
    """Policies that count, by id."""
    found: dict[str, Policy] = {}
    for one in documents:
        if not isinstance(one, Policy) or (one.effective_s is not None and one.effective_s > at_s):
            continue
        held = found.get(one.id)
        if held is None or (held.effective_s or 0) < (one.effective_s or 0):
            found[one.id] = one
    return tuple(found[key] for key in sorted(found))
