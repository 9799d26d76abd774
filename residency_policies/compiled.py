"""Bundles compiled for an instant: the profile of every workspace, and when it changes.

Invariants
    1. Every mandatory floor is in a bundle that compiles.
    2. A table holds from its instant to the next boundary of the bundle; `at` gives the one for any instant
       and never fails: what cannot be compiled then is the safe core.
"""

from collections.abc import Iterable
from typing import Final

from residency_policies import places
from residency_policies.builtin import MANDATORY_FLOORS
from residency_policies.checks.dates import date_findings
from residency_policies.compile import compile_stack
from residency_policies.decide import Profile, SafeCoreProfile, TableProfile
from residency_policies.errors import BundleError, Finding
from residency_policies.interpret import failed_expectations
from residency_policies.model import FloorPack, Policy
from residency_policies.reader import near
from residency_policies.sealed import Bundle, check_regions
from residency_policies.selection import Selection, boundaries, starts
from residency_policies.stack import Stack, make_stack

PROFILES_MAX: Final = 1_024
_Key = tuple[str, str, tuple[str, ...], tuple[str, ...]]


class CompiledBundle:
    """Tables of a bundle at one instant. Not for several threads at once.

    `valid_until_s` is the first instant (exclusive) at which a policy, an instrument, a fact or an adequacy
    begins or ends; callers go on with `at(now_s)`, which compiles anew when that instant has come. `warnings`
    are findings that stop nothing here; those with an E- code stop whoever is about to activate the bundle.
    """

    def __init__(self, bundle: Bundle, at_s: int, *, strict: bool = True) -> None:
        self.bundle = bundle
        self.at_s = at_s
        self.warnings: tuple[Finding, ...] = ()
        self._chosen = Selection(bundle.parsed, at_s)
        self._profiles: dict[_Key, TableProfile] = {}
        self._core = SafeCoreProfile(bundle.version, bundle.regions)
        later = [moment for moment in boundaries(bundle.parsed) if moment > at_s]
        self.valid_until_s: int | None = later[0] if later else None
        if strict:
            self._require_sound()
        self._prepare(strict)

    @property
    def hash(self) -> str:
        """The bundle's hash."""
        return self.bundle.hash

    @property
    def version(self) -> int:
        """The bundle version."""
        return self.bundle.version

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Policies in force, by id."""
        return self._chosen.policies

    def at(self, now_s: int) -> "CompiledBundle":
        """This, while it is valid at the instant; otherwise the bundle compiled for it. Raises nothing."""
        until_s = self.valid_until_s
        if self.at_s <= now_s and (until_s is None or now_s < until_s):
            return self
        return CompiledBundle(self.bundle, now_s, strict=False)

    def profile_for(
        self, workspace: str, establishment: str, subjects: Iterable[str] = (), tags: Iterable[str] = ()
    ) -> Profile:
        """The profile of a workspace. A policy that names it comes before one for its establishment.

        It is the safe core without a policy, with one that contradicts the establishment, and when the
        establishment or a subject is not a known place.
        """
        policy, subjects = self._chosen.policy(workspace, establishment), tuple(subjects)
        known = establishment in places.ALL_COUNTRIES and all(map(places.is_place, subjects))
        if policy is None or not known:
            return self._core
        key = (policy.id, establishment, tuple(sorted(set(subjects))), tuple(sorted(set(tags))))
        profile = self._profiles.get(key)
        if profile is None:
            try:
                profile = self._compiled(policy, *key[1:])
            except BundleError:
                # Tags or subjects that nobody foresaw made the table too large: no table, so the safe core.
                return self._core
            if len(self._profiles) < PROFILES_MAX:
                self._profiles[key] = profile
        return profile

    def stack_for(
        self, policy: Policy, establishment: str, subjects: tuple[str, ...] = (), tags: tuple[str, ...] = ()
    ) -> Stack:
        """The layers that a profile is compiled from."""
        bundle, chosen = self.bundle, self._chosen
        return make_stack(
            bundle.version,
            policy,
            chosen.floors,
            bundle.regions,
            self.at_s,
            establishment,
            subjects,
            tags,
            instruments=chosen.instruments((policy,)),
        )

    def _compiled(
        self, policy: Policy, establishment: str, subjects: tuple[str, ...], tags: tuple[str, ...]
    ) -> TableProfile:
        stack = self.stack_for(policy, establishment, subjects, tags)
        return TableProfile(compile_stack(stack), self.bundle.version, stack.boundary_s)

    def _require_sound(self) -> None:
        """Refuse documents that do not fit together, now or at any instant at which a policy begins."""
        check_regions(self.bundle.regions)
        held = {floor.id for floor in self._chosen.floors}
        found = []
        for missing in sorted(set(MANDATORY_FLOORS) - held):
            sentence = f"the mandatory floor {missing} is missing"
            found.append(Finding("bundle", 0, 0, "E-FLOOR-MISSING", "documents", sentence, "Add it."))
        found += _dangling(self.bundle)
        moments = [self.at_s, *(moment for moment in starts(self.bundle.parsed) if moment > self.at_s)]
        for moment in moments:
            found += Selection(self.bundle.parsed, moment).ambiguous()
        if found:
            raise BundleError(dict.fromkeys(found))

    def _prepare(self, strict: bool) -> None:
        """Compile each policy in force once, so that faults show before activation."""
        found = [each for document in self.bundle.parsed for each in date_findings(document, self.at_s)]
        for policy in self._chosen.policies:
            # A policy for named workspaces may state no establishment; then only its subjects call floors.
            establishment = (policy.applies_to.establishment or ("",))[0]
            found += failed_expectations(self.stack_for(policy, establishment))
            try:
                compiled = self._compiled(policy, establishment, (), ())
            except BundleError as error:
                if strict:
                    raise
                found += error.findings
                continue
            self._profiles[(policy.id, establishment, (), ())] = compiled
        self.warnings = tuple(sorted(found))


def _dangling(bundle: Bundle) -> list[Finding]:
    """References to what is not in the bundle."""
    packs = {document.id for document in bundle.parsed if isinstance(document, FloorPack)}
    chosen = Selection(bundle.parsed, 0)
    found: list[Finding] = []
    for policy in bundle.parsed:
        if not isinstance(policy, Policy):
            continue
        for pack in sorted(set(policy.packs) - packs):
            sentence = f"no pack {pack} in the bundle"
            found.append(Finding(policy.id, *policy.packs_at, "E-REF", "packs", sentence, near(pack, packs)))
        known = {one.id for one in (*policy.instruments, *chosen.instruments((policy,)))}
        for flow in policy.flows:
            for name in sorted(set(flow.using) - known):
                path, sentence = f"flows.{flow.id}.using", f'no instrument "{name}"'
                found.append(Finding(policy.id, *flow.at, "E-REF", path, sentence, near(name, known)))
    return found


def compile_bundle(bundle: Bundle, at_s: int) -> CompiledBundle:
    """Compile every policy of a bundle for an instant (Unix seconds); for planes that run a bundle.

    Raises:
        DocumentError: a document cannot be used.
        BundleError: documents do not fit together, or a mandatory floor is missing.
    """
    return CompiledBundle(bundle, at_s)
