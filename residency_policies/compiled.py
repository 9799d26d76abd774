"""Bundles compiled for an instant: the profile of every workspace, and when it changes.

Invariants
    1. Every mandatory floor is in a bundle that compiles.
    2. A table holds from its instant to the next boundary of the bundle; `at` gives the one for any instant
       and never fails: what cannot be compiled then is the safe core.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Final

from residency_policies import places
from residency_policies.builtin import MANDATORY_FLOORS
from residency_policies.channels import ChannelProfile
from residency_policies.compile import compile_stack
from residency_policies.dates import date_findings
from residency_policies.decide import Profile, SafeCoreProfile, TableProfile
from residency_policies.decision import Question
from residency_policies.errors import BundleError, Finding
from residency_policies.explain import Explanation, explain
from residency_policies.interpret import failed_expectations
from residency_policies.model import FloorPack, Instrument, InstrumentDocument, Policy
from residency_policies.reader import near
from residency_policies.reference import unruled_places
from residency_policies.sealed import Bundle, check_regions
from residency_policies.selection import Selection, boundaries, starts
from residency_policies.stack import Around, Stack, make_stack

PROFILES_MAX: Final = 1_024
ASKERS_MAX: Final = 65_536
WARMED_MAX: Final = 32
"""Profiles that `warm` compiles: a bundle waits for them before it comes into force."""
# Workspace, establishment, subjects, tags.
Asker = tuple[str, str, tuple[str, ...], tuple[str, ...]]
_Key = tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


class CompiledBundle:
    """Tables of a bundle at one instant. Not for several threads at once.

    `valid_until_s` is the first instant (exclusive) at which a policy, an instrument, a fact or an adequacy
    begins or ends; callers go on with `at(now_s)`, whose tables are compiled as they are asked for when that
    instant has come. Warnings with an E- code stop whoever is about to activate the bundle.
    """

    def __init__(self, bundle: Bundle, at_s: int, *, strict: bool = True) -> None:
        self.bundle = bundle
        self.at_s = at_s
        self._chosen = Selection(bundle.parsed, at_s)
        self._profiles: dict[_Key, Profile] = {}
        self._askers: dict[Asker, Profile] = {}
        self._core = SafeCoreProfile(bundle.version, bundle.regions)
        self._unruled = unruled_places(floor.id for floor in self._chosen.floors)
        later = [moment for moment in boundaries(bundle.parsed) if moment > at_s]
        self.valid_until_s: int | None = later[0] if later else None
        if strict:
            self._require_sound()
            for policy in self._chosen.policies:
                self._prepare(policy)

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

    def policy_of(self, workspace: str, establishment: str) -> Policy | None:
        """The policy that rules a workspace; None: the safe core does."""
        return self._chosen.policy(workspace, establishment)

    @property
    def askers(self) -> list[Asker]:
        """What `profile_for` was asked with, each once."""
        return list(self._askers)

    def warm(self, askers: Iterable[Asker]) -> None:
        """Compile what these would be answered with, so that nobody waits for it: in their order, until there
        are `WARMED_MAX` more profiles. What others are answered with is compiled when they are asked about.
        """
        most = len(self._profiles) + WARMED_MAX
        for asker in askers:
            if len(self._profiles) >= most:
                return
            self.profile_for(*asker)

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
        establishment or a subject is not a known place, or one whose law only a pack for reference states.
        """
        asker = (workspace, establishment, tuple(subjects), tuple(tags))
        found = self._askers.get(asker)
        if found is None:
            found = self._found(workspace, establishment, asker[2], asker[3])
            if len(self._askers) >= ASKERS_MAX:
                self._askers.clear()
            self._askers[asker] = found
        return found

    def _found(
        self, workspace: str, establishment: str, subjects: tuple[str, ...], tags: tuple[str, ...]
    ) -> Profile:
        policy, subjects = self._chosen.policy(workspace, establishment), tuple(sorted(set(subjects)))
        known = establishment in places.ALL_COUNTRIES and all(map(places.is_place, subjects))
        if policy is None or not known:
            return self._core
        if places.stated((establishment, *subjects, *policy.applies_to.subjects)) & self._unruled:
            return self._core
        tagged = tuple(sorted(set(tags)))
        around = self._chosen.around(policy, workspace, tagged)
        key = (policy.id, establishment, subjects, tagged, tuple(one.id for one in around.inner_and_outer))
        profile = self._profiles.get(key)
        if profile is None:
            profile = self._profile(policy, establishment, subjects, tagged, around)
            if len(self._profiles) < PROFILES_MAX:
                self._profiles[key] = profile
        return profile

    def stack_for(
        self,
        policy: Policy,
        establishment: str,
        subjects: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
        *,
        workspace: str = "",
    ) -> Stack:
        """The layers that a profile is compiled from, for questions that name no channel."""
        around = self._chosen.around(policy, workspace, tags)
        return self._stack(policy, establishment, subjects, tags, around)

    def _stack(
        self,
        policy: Policy,
        establishment: str,
        subjects: tuple[str, ...],
        tags: tuple[str, ...],
        around: Around,
    ) -> Stack:
        bundle = self.bundle
        return make_stack(
            bundle.version,
            policy,
            self._chosen.floors,
            bundle.regions,
            self.at_s,
            establishment,
            subjects,
            tags,
            around=around,
        )

    def _profile(
        self,
        policy: Policy,
        establishment: str,
        subjects: tuple[str, ...],
        tags: tuple[str, ...],
        around: Around,
    ) -> Profile:
        """The profile, or the safe core where tags, subjects or layers that nobody foresaw make the table too
        large.
        """

        def table(around: Around) -> Profile:
            try:
                stack = self._stack(policy, establishment, subjects, tags, around)
                return TableProfile(compile_stack(stack), self.bundle.version, stack.boundary_s)
            except BundleError:
                return self._core

        def of_channel(channel: str) -> Profile:
            mine = tuple(one for one in around.channels if channel in one.applies_to.channels)
            return table(replace(around, channels=mine, named=True))

        if not around.channels:
            return table(around)
        channels = frozenset(name for one in around.channels for name in one.applies_to.channels)
        return ChannelProfile(table(around), table(replace(around, channels=())), of_channel, channels)

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

    def _prepare(self, policy: Policy) -> None:
        """Compile a policy for the first workspace that it names. Raises BundleError."""
        stack, around = self._first(policy)
        table = TableProfile(compile_stack(stack), self.bundle.version, stack.boundary_s)
        if policy.layer == "workspace":
            names = tuple(one.id for one in around.organisations)
            self._profiles[(policy.id, _seat(policy), (), (), names)] = table

    def explain(
        self,
        question: Question,
        establishment: str,
        subjects: Iterable[str] = (),
        tags: Iterable[str] = (),
    ) -> Explanation:
        """Why a question of a workspace is answered as it is; the channel is the question's `ref`.

        Without a policy there is no layer to ask: the decision of the safe core, and nothing else.
        """
        workspace, tagged = question.workspace, tuple(tags)
        profile = self.profile_for(workspace, establishment, subjects, tagged)
        policy = self._chosen.policy(workspace, establishment)
        if policy is None or profile is self._core:
            return Explanation(profile.decide(question), (), ())
        around = self._chosen.around(policy, workspace, tagged)
        if question.ref:
            mine = tuple(one for one in around.channels if question.ref in one.applies_to.channels)
            around = replace(around, channels=mine, named=True)
        return explain(self._stack(policy, establishment, tuple(subjects), tagged, around), question)

    def first_stack(self, policy: Policy) -> Stack:
        """The packs and a policy's own layer, for the first workspace that it names; around a workspace's
        policy also its organisations.
        """
        return self._first(policy)[0]

    def instruments_of(self, policy: Policy) -> tuple[Instrument, ...]:
        """Instruments that count for a policy, its own first."""
        around = self._chosen.around(policy, "", ())
        return (*policy.instruments, *around.instruments_of((policy,)))

    def _first(self, policy: Policy) -> tuple[Stack, Around]:
        workspace = (policy.applies_to.workspaces or ("",))[0]
        around = replace(self._chosen.around(policy, workspace, ()), channels=(), named=True)
        if policy.layer != "workspace":
            around = replace(around, organisations=())
        return self._stack(policy, _seat(policy), (), (), around), around

    @cached_property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that stop nothing here, sorted: what the calendar says, tests of policies that fail, and
        policies whose table is too large now. Tests are asked of packs and the policy's own layer, those of a
        workspace's policy also of the organisations around it.
        """
        found = [each for document in self.bundle.parsed for each in date_findings(document, self.at_s)]
        for policy in self._chosen.policies:
            found += failed_expectations(self._first(policy)[0])
            try:
                self._prepare(policy)
            except BundleError as error:
                found += error.findings
        return tuple(sorted(found))


def _seat(policy: Policy) -> str:
    """A policy for named workspaces may state no establishment; then only its subjects call floors."""
    return (policy.applies_to.establishment or ("",))[0]


def _dangling(bundle: Bundle) -> list[Finding]:
    """References to what is not in the bundle."""
    packs = {document.id for document in bundle.parsed if isinstance(document, FloorPack)}
    separate = [one for one in bundle.parsed if isinstance(one, InstrumentDocument)]
    found: list[Finding] = []
    for policy in bundle.parsed:
        if not isinstance(policy, Policy):
            continue
        for pack in sorted(set(policy.packs) - packs):
            sentence = f"no pack {pack} in the bundle"
            found.append(Finding(policy.id, *policy.packs_at, "E-REF", "packs", sentence, near(pack, packs)))
        known = {one.id for one in policy.instruments}
        known |= {one.instrument.id for one in separate if policy.id in one.policies}
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
