"""`colink policy prove FILE...`: the claims of documents, and one given here."""

import argparse
import json
from pathlib import Path

from deploy.policy import reading
from deploy.policy.output import Output
from residency_policies.check_certificate import faults
from residency_policies.claims import Claim
from residency_policies.prove.claims import Proof, prove


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `prove`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="documents, or folders of them")
    parser.add_argument(
        "--claim", metavar="CLAIM", help="id of one claim, or a claim as JSON, for every policy"
    )
    parser.add_argument(
        "--check", action="store_true", help="check each certificate with the independent checker"
    )
    parser.add_argument(
        "--certificates", type=Path, metavar="DIR", help="write each certificate to a file here"
    )
    reading.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """Each claim with what came of it; 1 when one is refuted, 2 when there is none."""
    compiled = reading.compiled_of(given.files, given)
    wanted = _wanted(given.claim)
    proofs: list[Proof] = []
    for policy in compiled.policies:
        own = tuple(one for one in policy.proofs if given.claim in (None, one.id))
        claims = own if wanted is None else (wanted,)
        proofs += prove(compiled, policy, claims) if claims else ()
    if not proofs:
        raise reading.RefusedError("no claim: write one under proofs, or give --claim")
    failed = False
    for proof in proofs:
        wrong = faults(proof.certificate, compiled.bundle) if given.check and proof.certificate else []
        failed |= not proof.holds or bool(wrong)
        _show(proof, wrong, output, given.check)
        if given.certificates is not None and proof.certificate is not None:
            name = f"{proof.policy.replace('/', '-')}-{proof.claim.id}.json"
            given.certificates.mkdir(parents=True, exist_ok=True)
            (given.certificates / name).write_text(
                json.dumps(proof.certificate, sort_keys=True) + "\n", "utf-8"
            )
    return 1 if failed else 0


def _wanted(text: str | None) -> Claim | None:
    """A claim as JSON. Raises RefusedError."""
    if text is None or not text.lstrip().startswith("{"):
        return None
    try:
        return Claim.from_json(json.loads(text))
    except (ValueError, KeyError, TypeError):
        raise reading.RefusedError("--claim is not a claim as it stands under proofs") from None


def _show(proof: Proof, wrong: list[str], output: Output, checked: bool) -> None:
    state = "proved" if proof.holds else "refuted"
    said = f"{proof.policy} {proof.claim.id} {proof.claim.kind}: {state}, {proof.sentence}"
    if proof.holds and checked:
        said += f"; the checker refuses it: {wrong[0]}" if wrong else "; checked"
    output.line(said, "green" if proof.holds and not wrong else "red")
    output.value({"event": "proof", **proof.to_json(), "faults": wrong})
