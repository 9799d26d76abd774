"""`colink policy explain WHAT [FILE...]`: why a question, or a decision by its id, is answered as it is.

Without files the directory is asked, as an officer: for the bundle in force, and for a decision that it
cannot give, for the ones before.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accord.encoding import canonical_json
from deploy.policy import directory, life, reading
from deploy.policy.output import Output
from residency_policies.bundle import CompiledBundle, load_bundle
from residency_policies.compile import compile_stack
from residency_policies.decision import Decision, Question, Viewer
from residency_policies.explain import Change, LayerSays, decision_of, explain
from residency_policies.vocabulary import OBLIGATIONS, UNKNOWN_COUNTRY

BUNDLES_BACK = 16


@dataclass(frozen=True, slots=True)
class Found:
    """A decision under a policy. `question`: the one that was asked, or one that is answered so."""

    under: str
    decision: Decision
    question: Question | None
    layers: tuple[LayerSays, ...]
    changes: tuple[Change, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `explain`."""
    what = 'id of a decision ("d:..."), or a question as JSON: op, class, from, to, viewer, ...'
    parser.add_argument("what", metavar="WHAT", help=what)
    files = "documents, or folders of them; what the directory has in force without"
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help=files)
    parser.add_argument("--bundle", type=int, default=0, metavar="VERSION", help="of the directory's bundle")
    for name, text in (("subject", "a place where its people are"), ("tag", "a tag of its placement")):
        parser.add_argument(
            f"--{name}", action="append", default=[], metavar="WORD", help=f"of a workspace: {text}"
        )
    reading.configure(parser)
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """The decision, its clauses layer by layer, what is owed, the nearest change; 1 when it is a denial."""
    if given.files:
        return _explain([reading.compiled_of(given.files, given)], given, output)
    return life.run(given, output, lambda ask: _explain(_bundles(ask, given), given, output))


def _bundles(ask: life.Ask, given: argparse.Namespace) -> Iterator[CompiledBundle]:
    """Bundles of the directory, newest first: one for a question, several for a decision."""
    version, read = given.bundle, 0
    while read == 0 or (given.what.startswith("d:") and not given.bundle and version and read < BUNDLES_BACK):
        signed = ask("GET", f"/bundles/{version or 'active'}")
        bundle = load_bundle(canonical_json(signed["bundle"]))
        yield CompiledBundle(bundle, reading.instant_of(given.at), strict=False)
        version, read = bundle.version - 1, read + 1


def _explain(bundles: Iterable[CompiledBundle], given: argparse.Namespace, output: Output) -> int:
    for compiled in bundles:
        found = list((_by_id if given.what.startswith("d:") else _by_question)(compiled, given))
        for one in found:
            _show(one, output)
        if found or not given.what.startswith("d:"):
            return 0 if all(one.decision.allow for one in found) else 1
    raise reading.RefusedError(f"no policy of these documents can give the decision {given.what}")


def _by_id(compiled: CompiledBundle, given: argparse.Namespace) -> Iterator[Found]:
    subjects, tags = tuple(sorted(given.subject)), tuple(sorted(given.tag))
    for policy in compiled.policies:
        if policy.layer != "workspace":
            continue
        for seat in policy.applies_to.establishment or ("",):
            workspace = (policy.applies_to.workspaces or ("",))[0]
            stack = compiled.stack_for(policy, seat, subjects, tags, workspace=workspace)
            named = decision_of(stack, compile_stack(stack), given.what)
            if named is None:
                continue
            decision, question = named
            told = explain(stack, question) if question is not None else None
            layers, changes = ((), ()) if told is None else (told.layers, told.nearest)
            yield Found(policy.id, decision, question, layers, changes)
            break


def _by_question(compiled: CompiledBundle, given: argparse.Namespace) -> Iterator[Found]:
    """The question under every policy, or under the one of its workspace or establishment."""
    try:
        asked = json.loads(given.what)
        viewer = asked.get("viewer", {})
        relation = viewer if isinstance(viewer, str) else viewer.get("relation", "system")
        regions = {region.place: region.id for region in reversed(compiled.bundle.regions)}
        src, dst = (str(regions.get(asked[key], asked[key])) for key in ("from", "to"))
        country = "" if isinstance(viewer, str) else viewer.get("country", "")
        question = Question(
            workspace=str(asked.get("workspace", "")),
            bundle=compiled.version,
            op=asked["op"],
            data_class=asked["class"],
            src=src,
            dst=dst,
            viewer=Viewer(relation, country or _place(compiled, dst)),
            purpose=asked.get("purpose", "local"),
            facts=frozenset(asked.get("facts", [])),
            can=frozenset(asked.get("can", OBLIGATIONS)),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        keys = "op, class, from, to; also viewer, purpose, facts, can, workspace, establishment"
        raise reading.RefusedError(f"not a question; write JSON with {keys}") from None
    yield from _asked(compiled, question, asked, given)


def _asked(
    compiled: CompiledBundle, question: Question, asked: dict[str, Any], given: argparse.Namespace
) -> Iterator[Found]:
    for policy in compiled.policies:
        named = policy.applies_to
        if question.workspace and named.workspaces and question.workspace not in named.workspaces:
            continue
        establishment = str(asked.get("establishment", (named.establishment or ("",))[0]))
        if named.establishment and establishment not in named.establishment:
            continue
        ruled = replace(question, workspace=question.workspace or (named.workspaces or ("",))[0])
        around = establishment, asked.get("subjects", given.subject), asked.get("tags", given.tag)
        decision = compiled.profile_for(ruled.workspace, *around).decide(ruled)
        told = compiled.explain(ruled, *around)
        yield Found(policy.id, decision, ruled, told.layers, told.nearest)


def _place(compiled: CompiledBundle, region: str) -> str:
    return next((one.place for one in compiled.bundle.regions if one.id == region), UNKNOWN_COUNTRY)


def _show(found: Found, output: Output) -> None:
    decision, question = found.decision, found.question
    output.value(
        {
            "event": "decision",
            "under": found.under,
            **decision.to_json(),
            "question": None if question is None else question.to_json(),
            "layers": [one.to_json() for one in found.layers],
            "changes": [one.to_json() for one in found.changes],
        }
    )
    verdict = "allowed" if decision.allow else f"refused ({decision.code})"
    head = f"{found.under}: {verdict}, {decision.decision} under bundle {decision.bundle}"
    output.line(head, "green" if decision.allow else "red")
    if question is not None:
        viewer = f"{question.viewer.relation} in {question.viewer.country}"
        way = f"{question.src} to {question.dst}, {viewer}, for {question.purpose}"
        output.line(f"  {question.op} of {question.data_class} from {way}")
    for one in decision.because:
        cite = f" ({one.cite})" if one.cite else ""
        output.line(f"  {one.layer}: {one.policy} {one.clause}: {one.text}{cite}")
    for layer in found.layers:
        output.line(f"  {'passes' if layer.passes else 'refuses'}: {layer.layer} {layer.document}")
    for owed in decision.obligations:
        output.line(f"  owed {owed.when} the act: {owed.do}")
    if decision.instrument:
        output.line(f"  under the instrument {decision.instrument}")
    if decision.nearest:
        output.line(f"  nearest: {decision.nearest}")
    for change in found.changes:
        output.line(f"  would be allowed with: {change.kind} {change.to}")
