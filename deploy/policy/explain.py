"""`colink policy explain WHAT FILE...`: why a question, or a decision by its id, is answered as it is."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.policy import reading
from deploy.policy.output import Output
from residency_policies.bundle import CompiledBundle
from residency_policies.compile import Answer, compile_stack
from residency_policies.decision import Decision, Question, Viewer
from residency_policies.prove.claims import stack_of
from residency_policies.vocabulary import OBLIGATIONS, UNKNOWN_COUNTRY


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `explain`."""
    what = 'id of a decision ("d:..."), or a question as JSON: op, class, from, to, viewer, ...'
    parser.add_argument("what", metavar="WHAT", help=what)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="documents, or folders of them")
    reading.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """The decision, its clauses layer by layer, what is owed, the nearest change; 1 when it is a denial."""
    compiled = reading.compiled_of(given.files, given)
    if given.what.startswith("d:"):
        found = list(_by_id(compiled, given.what))
        if not found:
            raise reading.RefusedError(f"no policy of these documents can give the decision {given.what}")
    else:
        found = list(_by_question(compiled, given.what))
    for policy, decision in found:
        _show(policy, decision, output)
    return 0 if all(decision.allow for _, decision in found) else 1


def _by_id(compiled: CompiledBundle, name: str) -> Iterator[tuple[str, Decision]]:
    for policy in compiled.policies:
        for entry in compile_stack(stack_of(compiled, policy)).answers:
            answers = (entry,) if isinstance(entry, Answer) else entry.answers
            for decision in {one for answer in answers for one in (answer.decision, answer.unmet)}:
                if decision.decision == name:
                    yield policy.id, decision
                    return


def _by_question(compiled: CompiledBundle, text: str) -> Iterator[tuple[str, Decision]]:
    """The question under every policy, or under the one of its workspace or establishment."""
    try:
        asked = json.loads(text)
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
    yield from _asked(compiled, question, asked)


def _asked(
    compiled: CompiledBundle, question: Question, asked: dict[str, Any]
) -> Iterator[tuple[str, Decision]]:
    for policy in compiled.policies:
        named = policy.applies_to
        if question.workspace and named.workspaces and question.workspace not in named.workspaces:
            continue
        establishment = str(asked.get("establishment", (named.establishment or ("",))[0]))
        if named.establishment and establishment not in named.establishment:
            continue
        workspace = question.workspace or (named.workspaces or ("",))[0]
        profile = compiled.profile_for(
            workspace, establishment, asked.get("subjects", ()), asked.get("tags", ())
        )
        yield policy.id, profile.decide(question)


def _place(compiled: CompiledBundle, region: str) -> str:
    return next((one.place for one in compiled.bundle.regions if one.id == region), UNKNOWN_COUNTRY)


def _show(policy: str, decision: Decision, output: Output) -> None:
    output.value({"event": "decision", "under": policy, **decision.to_json()})
    verdict = "allowed" if decision.allow else f"refused ({decision.code})"
    output.line(f"{policy}: {verdict}, {decision.decision}", "green" if decision.allow else "red")
    for one in decision.because:
        cite = f" ({one.cite})" if one.cite else ""
        output.line(f"  {one.layer}: {one.policy} {one.clause}: {one.text}{cite}")
    for owed in decision.obligations:
        output.line(f"  owed {owed.when} the act: {owed.do}")
    if decision.instrument:
        output.line(f"  under the instrument {decision.instrument}")
    if decision.nearest:
        output.line(f"  nearest: {decision.nearest}")
