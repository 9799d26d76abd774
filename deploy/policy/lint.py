"""`colink policy lint FILE...`: faults of documents, alone and together."""

import argparse
from dataclasses import replace
from pathlib import Path

from deploy.policy import reading
from deploy.policy.output import Output
from residency_policies.analyse.lint import lint
from residency_policies.bundle import compile_bundle
from residency_policies.errors import BundleError


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `lint`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="documents, or folders of them")
    reading.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """Every finding; 1 when one of them is an error."""
    bundle, files = reading.bundle_of(given.files, reading.regions_of(given.region))
    try:
        found = list(lint(compile_bundle(bundle, reading.instant_of(given.at))))
    except BundleError as error:
        found = list(error.findings)
    named = [replace(one, document=files.get(one.document, one.document)) for one in found]
    failed = output.findings(sorted(named))
    output.line(f"{len(files)} documents, {len(named)} findings", "red" if failed else "green")
    output.value({"event": "end", "documents": len(files), "findings": len(named), "ok": not failed})
    return 1 if failed else 0
