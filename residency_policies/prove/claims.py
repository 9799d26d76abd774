"""Proves or refutes claims about one policy of a bundle at one instant."""

from collections.abc import Iterator
from dataclasses import dataclass

from residency_policies.claims import Claim, demands_of
from residency_policies.compile import compile_stack
from residency_policies.compiled import CompiledBundle
from residency_policies.decision import Region, instant_text
from residency_policies.model import Policy
from residency_policies.prove.atlas import Atlas, atlas_of
from residency_policies.prove.certificate import make_certificate, regions_at, shown_in
from residency_policies.prove.closure import Reached, reach
from residency_policies.prove.demands import demand_fault
from residency_policies.prove.graph import Moves
from residency_policies.prove.paths import Paths, Step, path_text, start_of
from residency_policies.stack import Stack
from residency_policies.vocabulary import UNKNOWN_COUNTRY


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a claim: a certificate when it holds, else a sentence, and a path where there is one."""

    policy: str
    claim: Claim
    certificate: dict[str, object] | None
    sentence: str
    path: tuple[Step, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the claim was proved."""
        return self.certificate is not None

    def to_json(self) -> dict[str, object]:
        """Canonical; `path` only for a refutation that has one."""
        shape: dict[str, object] = {
            "policy": self.policy,
            "claim": self.claim.to_json(),
            "holds": self.holds,
            "sentence": self.sentence,
        }
        if self.certificate is not None:
            shape["certificate"] = self.certificate
        if self.path:
            shape["path"] = [step.to_json() for step in self.path]
        return shape


def subject_of(compiled: CompiledBundle, policy: Policy, stack: Stack) -> dict[str, object]:
    """What a certificate is about. Its claim holds from `at` until `until`, if that is not null."""
    until = stack.boundary_s
    return {
        "bundle": compiled.hash,
        "version": compiled.version,
        "policy": policy.id,
        "at_s": compiled.at_s,
        "until": None if until is None else instant_text(until),
    }


def stack_of(compiled: CompiledBundle, policy: Policy) -> Stack:
    """The layers of a policy for the workspaces that it describes."""
    return compiled.stack_for(policy, (policy.applies_to.establishment or ("",))[0])


def prove(compiled: CompiledBundle, policy: Policy, claims: tuple[Claim, ...]) -> Iterator[Proof]:
    """Each claim in turn. Raises BundleError (E-GUARD) when the policy's table would be too large."""
    stack = stack_of(compiled, policy)
    subject = subject_of(compiled, policy, stack)
    apart = [one for claim in claims for one in (claim.sources, claim.targets, claim.forbidden)]
    atlas = atlas_of(stack, apart)
    table = compile_stack(atlas.stack)
    for claim in claims:
        moves = Moves(table, claim)
        yield _Prover(policy, claim, subject, moves, atlas, stack.regions).proof()


class _Prover:
    def __init__(
        self,
        policy: Policy,
        claim: Claim,
        subject: dict[str, object],
        moves: Moves,
        atlas: Atlas,
        catalogue: tuple[Region, ...],
    ) -> None:
        self.policy, self.claim, self.subject = policy, claim, subject
        self.moves, self.atlas, self.catalogue = moves, atlas, catalogue

    def proof(self) -> Proof:
        """The proof, or why there is none."""
        if self.claim.custodies:
            return self._reaching()
        for demand in demands_of(self.claim):
            if fault := demand_fault(self.moves, self.atlas, demand):
                return self._refuted(fault)
        if lacks := self.claim.lacks(self.policy.placement, self.catalogue):
            return self._refuted(lacks[0])
        return self._proved({}, "every operation in question was looked at")

    def _reaching(self) -> Proof:
        start = start_of(self.moves, self.atlas, self.claim.sources)
        reached = {leaf: reach(self.moves, leaf, start) for leaf in self.claim.leaves}
        finder = Paths(self.moves, self.atlas)
        paths = [
            finder.to(leaf, start, self.claim.forbidden, self.claim.custodies)
            for leaf, one in reached.items()
            if self._places(one) & self.claim.forbidden
        ]
        if paths:
            shortest = min(paths, key=len)
            return self._refuted(f"shortest path {path_text(shortest)}", shortest)
        if self.claim.kind == "reader_set":
            missing = self._without_readers(reached)
            if missing:
                return self._refuted(f"nobody in {', '.join(missing)} can ever see it")
        count = sum(len(one.platform) for one in reached.values())
        return self._proved(reached, f"{count} classes reached, none where it must not be")

    def _places(self, reached: Reached) -> set[str]:
        """Countries in which the custodies of the claim hold something."""
        found: set[str] = set()
        if "platform" in self.claim.custodies:
            for spots in reached.platform.values():
                found |= {self.atlas.country_of(one) for one in regions_at(self.moves, self.atlas, spots)}
        for ends in (reached.human, reached.authority):
            for one in ends.values():
                found |= shown_in(self.moves, self.atlas, one)
        return found

    def _without_readers(self, reached: dict[str, Reached]) -> list[str]:
        """Countries of a reader set that see none of the classes."""
        seen = {
            country
            for one in reached.values()
            for ends in one.human.values()
            for country in shown_in(self.moves, self.atlas, ends)
        }
        return sorted(self.claim.targets - seen - {UNKNOWN_COUNTRY})

    def _proved(self, reached: dict[str, Reached], sentence: str) -> Proof:
        certificate = make_certificate(self.subject, self.claim, reached, self.moves, self.atlas)
        return Proof(self.policy.id, self.claim, certificate, sentence)

    def _refuted(self, sentence: str, path: tuple[Step, ...] = ()) -> Proof:
        return Proof(self.policy.id, self.claim, None, sentence, path)
