"""`colink policy VERB ...`: what officers do with documents.

A verb is a module with `configure(parser)` and `run(given, output) -> int`, the exit status: 0 done, 1 tried
and the answer is no (errors found, a claim refuted, the meaning differs), 2 refused before trying.
"""

import argparse
import sys

from deploy.policy import (
    activate,
    approve,
    diff,
    explain,
    halt,
    impact,
    lint,
    log,
    packs,
    prove,
    remove,
    report,
    rollback,
    shadow,
    sign_in,
    status,
    submit,
    withdraw,
)
from deploy.policy.output import Output
from deploy.policy.reading import RefusedError
from residency_policies.errors import PolicyError

# Verb, its module, its help line.
VERBS = (
    ("lint", lint, "find faults in documents, each with line and column"),
    ("diff", diff, "say what a change means: which flows open, which stop, which owe something else"),
    ("explain", explain, "say why a question or a decision is answered as it is"),
    ("prove", prove, "prove the claims of documents with certificates, or refute them with paths"),
    ("packs", packs, "list the packs that are shipped"),
    ("sign-in", sign_in, "open an officer's session at the directory"),
    ("submit", submit, "hand a document in, and analyse it"),
    ("remove", remove, "submit that a document is taken away, and analyse it"),
    ("impact", impact, "analyse a revision anew against what is in force"),
    ("approve", approve, "sign somebody else's revision"),
    ("shadow", shadow, "let cells evaluate an approved revision beside what is in force, and count"),
    ("activate", activate, "put an approved revision in force, now, later or first for a pilot"),
    ("withdraw", withdraw, "give a revision up before it is active"),
    ("rollback", rollback, "submit what a document said earlier as a new version"),
    ("halt", halt, "stop crossing flows at once; approve, lift or list halts"),
    ("status", status, "show revisions, and which cell and edge evaluates under which bundle"),
    ("report", report, "gather and prove the evidence of a revision: signatures, proofs, log, arrivals"),
    ("log", log, "read the policy log and prove it"),
)


def main(arguments: list[str]) -> int:
    """Run `policy`. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="colink policy", description="Residency policies: offline, and their life at the directory."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, module, summary in VERBS:
        own = verbs.add_parser(name, help=summary, description=summary)
        own.add_argument("--json", action="store_true", help="JSON, one object a line")
        module.configure(own)
        own.set_defaults(run=module.run)
    given = parser.parse_args(arguments)
    output = Output(sys.stdout, as_json=given.json)
    try:
        status: int = given.run(given, output)
    except RefusedError as error:
        sys.stderr.write(f"colink policy: {error}\n")
        return 2
    except PolicyError as error:
        output.findings(error.findings)
        return 1
    return status
