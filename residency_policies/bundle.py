"""Bundles: all documents and regions under one version and one hash, and what planes compile from them.

Invariants
    1. `canonical_bytes` depends on what documents mean, never on the order of files, rules or keys or on
    comments.
    2. `load_bundle(b.canonical_bytes)` has the same `canonical_bytes` and `hash` as b.
    3. A bundle made for another vocabulary or other blocs is refused; it would mean something else here.
    4. Every mandatory floor is in a bundle that compiles.

The signature of a bundle is made by callers over `hash`.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from accord.encoding import canonical_json, parse_canonical
from accord.errors import ColinkError
from residency_policies import places, vocabulary
from residency_policies.builtin import MANDATORY_FLOORS, builtin_floors
from residency_policies.compile import compile_stack
from residency_policies.decide import Profile, SafeCoreProfile, TableProfile
from residency_policies.decision import Region
from residency_policies.document import load_document, time_findings
from residency_policies.errors import BundleError, DocumentError, Finding
from residency_policies.interpret import failed_expectations
from residency_policies.model import Document, FloorPack, Policy
from residency_policies.stack import Stack, make_stack

BUNDLE_BYTES_MAX: Final = 16 * 1024 * 1024
DOCUMENTS_MAX: Final = 512
REGIONS_MAX: Final = 256
PROFILES_MAX: Final = 1_024


@dataclass(frozen=True)
class Bundle:
    """A version, document texts (YAML or JSON) and the region list. Nothing is checked until it is read."""

    version: int
    documents: tuple[str, ...]
    regions: tuple[Region, ...]

    @cached_property
    def parsed(self) -> tuple[Document, ...]:
        """Documents sorted by id.

        Raises:
            DocumentError: with the findings of all documents, among them two documents of one id.
            BundleError: too many documents.
        """
        found: list[Finding] = []
        parsed: dict[str, Document] = {}
        if len(self.documents) > DOCUMENTS_MAX:
            raise _bundle_error("E-BUNDLE", f"more than {DOCUMENTS_MAX} documents")
        for number, text in enumerate(self.documents, 1):
            try:
                document = load_document(text, f"document {number}")
            except DocumentError as error:
                found += error.findings
                continue
            if document.id in parsed:
                found.append(
                    Finding(document.id, 0, 0, "E-DUPLICATE", "metadata.id", "two documents have this id")
                )
            parsed[document.id] = document
        if found:
            raise DocumentError(found)
        return tuple(parsed[key] for key in sorted(parsed))

    @cached_property
    def canonical_bytes(self) -> bytes:
        """Canonical JSON of version, vocabulary, regions and the parsed documents. Raises as `parsed`."""
        _check_regions(self.regions)
        return canonical_json(
            {
                "schema": "bundle/v1",
                "version": self.version,
                "vocabulary": vocabulary.VERSION,
                "blocs": places.blocs_digest(),
                "regions": [_region_json(region) for region in sorted(self.regions, key=lambda r: r.id)],
                "documents": [document.canonical for document in self.parsed],
            }
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `canonical_bytes`, hex."""
        return hashlib.sha256(self.canonical_bytes).hexdigest()


def _region_json(region: Region) -> dict[str, str]:
    return {
        "id": region.id,
        "country": region.country,
        "subdivision": region.subdivision,
        "operator": region.operator,
    }


def _bundle_error(code: str, sentence: str, suggestion: str = "") -> BundleError:
    return BundleError([Finding("bundle", 0, 0, code, "", sentence, suggestion)])


def _check_regions(regions: tuple[Region, ...]) -> None:
    found: list[Finding] = []
    ids = [region.id for region in regions]
    if not regions or len(regions) > REGIONS_MAX or len(set(ids)) != len(ids):
        found.append(Finding("bundle", 0, 0, "E-REGION", "regions", "no region, too many, or one id twice"))
    for region in regions:
        if not region.id or len(region.id) > 64 or not region.id.isprintable():
            found.append(Finding("bundle", 0, 0, "E-REGION", "regions", "a region has no usable id"))
        if region.country not in places.ALL_COUNTRIES:
            found.append(
                Finding("bundle", 0, 0, "E-REGION", f"regions.{region.id}", "its country is not known")
            )
    if found:
        raise BundleError(found)


def load_bundle(data: bytes) -> Bundle:
    """The bundle of `canonical_bytes`.

    Raises:
        BundleError: E-BUNDLE (not canonical, another shape), E-VOCABULARY (another vocabulary or other
        blocs).
        DocumentError: a document inside cannot be used.
    """
    try:
        value = parse_canonical(data, BUNDLE_BYTES_MAX)
    except ColinkError:
        raise _bundle_error("E-BUNDLE", "the bytes are not canonical JSON") from None
    keys = {"schema", "version", "vocabulary", "blocs", "regions", "documents"}
    if not isinstance(value, dict) or set(value) != keys or value["schema"] != "bundle/v1":
        raise _bundle_error("E-BUNDLE", "the bytes are not a bundle")
    if value["vocabulary"] != vocabulary.VERSION or value["blocs"] != places.blocs_digest():
        raise _bundle_error(
            "E-VOCABULARY", "the bundle was made for another vocabulary", "Update this program."
        )
    version, regions, documents = value["version"], value["regions"], value["documents"]
    whole = not isinstance(version, bool) and isinstance(version, int) and version > 0
    if not whole or not isinstance(regions, list) or not isinstance(documents, list):
        raise _bundle_error("E-BUNDLE", "the bytes are not a bundle")
    # JSON in one line per document: it is YAML too, and goes through the same strict loader.
    texts = tuple(json.dumps(document, ensure_ascii=False) for document in documents)
    bundle = Bundle(version, texts, tuple(_region(region) for region in regions))
    if bundle.canonical_bytes != data:
        raise _bundle_error("E-BUNDLE", "the bundle is not in its canonical form")
    return bundle


def _region(value: object) -> Region:
    keys = ("id", "country", "subdivision", "operator")
    if not isinstance(value, dict) or set(value) != set(keys):
        raise _bundle_error("E-REGION", "a region has another shape")
    if not all(isinstance(value[key], str) for key in keys):
        raise _bundle_error("E-REGION", "a region has another shape")
    return Region(*(value[key] for key in keys))


class CompiledBundle:
    """Tables of a bundle at one instant. Not for several threads at once.

    `valid_until_s` is the first instant (exclusive) at which a fact or an adequacy begins or ends; callers
    go on with `at(now_s)`, which compiles anew when that instant has come. `warnings` are findings that stop
    nothing.
    """

    def __init__(self, bundle: Bundle, at_s: int) -> None:
        self.bundle = bundle
        self.at_s = at_s
        self.warnings: tuple[Finding, ...] = ()
        self._policies = [document for document in bundle.parsed if isinstance(document, Policy)]
        self._floors = [document for document in bundle.parsed if isinstance(document, FloorPack)]
        self._profiles: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], TableProfile] = {}
        self._core = SafeCoreProfile(bundle.version, bundle.regions)
        self._by_workspace = {n: p for p in self._policies for n in p.applies_to.workspaces}
        self._by_establishment = {
            country: policy
            for policy in self._policies
            if not policy.applies_to.workspaces
            for country in policy.applies_to.establishment
        }
        self._boundaries = _instants(self._policies, self._floors)
        self._prepare()

    @property
    def hash(self) -> str:
        """The bundle's hash."""
        return self.bundle.hash

    @property
    def version(self) -> int:
        """The bundle version."""
        return self.bundle.version

    @property
    def valid_until_s(self) -> int | None:
        """See the class."""
        return min((instant for instant in self._boundaries if instant > self.at_s), default=None)

    def at(self, now_s: int) -> "CompiledBundle":
        """This, while it is valid at the instant; otherwise the bundle compiled for it."""
        until = self.valid_until_s
        if self.at_s <= now_s and (until is None or now_s < until):
            return self
        return CompiledBundle(self.bundle, now_s)

    def profile_for(
        self, workspace: str, establishment: str, subjects: Iterable[str] = (), tags: Iterable[str] = ()
    ) -> Profile:
        """The profile of a workspace. A policy that names it comes before one for its establishment.

        It is the safe core without a policy, with one that contradicts the establishment, and when the
        establishment or a subject is not a known place.
        """
        policy, subjects = self._policy_for(workspace, establishment), tuple(subjects)
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

    def _policy_for(self, workspace: str, establishment: str) -> Policy | None:
        policy = self._by_workspace.get(workspace)
        if policy is None:
            return self._by_establishment.get(establishment)
        stated = policy.applies_to.establishment
        return policy if not stated or establishment in stated else None

    def stack_for(
        self, policy: Policy, establishment: str, subjects: tuple[str, ...] = (), tags: tuple[str, ...] = ()
    ) -> Stack:
        """The layers that a profile is compiled from."""
        bundle = self.bundle
        return make_stack(
            bundle.version, policy, self._floors, bundle.regions, self.at_s, establishment, subjects, tags
        )

    def _compiled(
        self, policy: Policy, establishment: str, subjects: tuple[str, ...], tags: tuple[str, ...]
    ) -> TableProfile:
        stack = self.stack_for(policy, establishment, subjects, tags)
        return TableProfile(compile_stack(stack), self.bundle.version, stack.boundary_s)

    def _prepare(self) -> None:
        """Check the documents together and compile each policy once, so that faults show before
        activation.
        """
        found = [finding for document in self.bundle.parsed for finding in time_findings(document, self.at_s)]
        _check_regions(self.bundle.regions)
        held = {floor.id for floor in self._floors}
        for missing in sorted(set(MANDATORY_FLOORS) - held):
            sentence = f"the mandatory floor {missing} is missing"
            found.append(Finding("bundle", 0, 0, "E-FLOOR-MISSING", "documents", sentence, "Add it."))
        owners: dict[str, str] = {}
        for policy in self._policies:
            for pack in set(policy.packs) - held:
                found.append(
                    Finding(policy.id, 0, 0, "E-REF", "packs", f"no floor pack {pack} in the bundle")
                )
            for name in policy.applies_to.workspaces or policy.applies_to.establishment:
                if name in owners:
                    sentence = f"{name} is also covered by {owners[name]}"
                    found.append(Finding(policy.id, 0, 0, "E-AMBIGUOUS", "applies_to", sentence, "Keep one."))
                owners[name] = policy.id
        self.warnings = tuple(sorted(finding for finding in found if finding.code.startswith("W-")))
        faults = [finding for finding in found if not finding.code.startswith("W-")]
        if faults:
            raise BundleError(faults)
        for policy in self._policies:
            # A policy for named workspaces may state no establishment; then only its subjects call floors.
            establishment = (policy.applies_to.establishment or ("",))[0]
            stack = self.stack_for(policy, establishment)
            self.warnings += tuple(failed_expectations(stack))
            self._profiles[(policy.id, establishment, (), ())] = self._compiled(policy, establishment, (), ())


def _instants(policies: Iterable[Policy], floors: Iterable[FloorPack]) -> list[int]:
    ends = [fact.until_s for policy in policies for fact in policy.facts]
    entries = [entry for floor in floors for entry in floor.adequacy]
    return ends + [
        moment for entry in entries for moment in (entry.since_s, entry.until_s) if moment is not None
    ]


def compile_bundle(bundle: Bundle, at_s: int) -> CompiledBundle:
    """Compile every policy of a bundle for an instant (Unix seconds); for planes that run a bundle.

    Raises:
        DocumentError: a document cannot be used.
        BundleError: documents do not fit together, or a mandatory floor is missing.
    """
    return CompiledBundle(bundle, at_s)


def _changed_floors(bundle: Bundle) -> list[Finding]:
    """Mandatory floors that differ in meaning from the shipped ones: a folder of policies cannot loosen
    them.
    """
    shipped = {pack.id: pack.canonical for pack in map(load_document, builtin_floors())}
    return [
        Finding(
            "bundle",
            0,
            0,
            "E-FLOOR-CHANGED",
            document.id,
            f"{document.id} differs from the floor that is shipped.",
            "Leave it out: it is added by itself.",
        )
        for document in bundle.parsed
        if isinstance(document, FloorPack)
        and document.canonical != shipped.get(document.id, document.canonical)
    ]


def check_bundle(bundle: Bundle, at_s: int) -> CompiledBundle:
    """The same for whoever is about to activate a bundle: every expectation of its policies has to hold,
    and the mandatory floors have to say what the shipped ones say.

    Raises:
        DocumentError, BundleError: as `compile_bundle`, E-TEST for each expectation that fails, and
            E-FLOOR-CHANGED for a floor that was rewritten.
    """
    compiled = compile_bundle(bundle, at_s)
    failed = [finding for finding in compiled.warnings if finding.code == "E-TEST"]
    failed += _changed_floors(bundle)
    if failed:
        raise BundleError(failed)
    return compiled
