"""`colink policy report NUMBER`: the evidence of a revision, proven as it comes.

With `--json` the report is one object, member `report` of the line `"event": "report"`. Kept in a file,
`colink policy log --report FILE --key HEX` proves it again, without the directory.
"""

import argparse
from typing import Any

from accord.encoding import canonical_json
from deploy.policy import directory, life
from deploy.policy.output import Output
from deploy.policy.proving import faults_of
from residency_policies.sealed import Bundle, load_bundle


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `report`."""
    parser.add_argument("number", type=int, metavar="NUMBER", help="of the revision")
    parser.add_argument("--key", metavar="HEX", help="public key of the log; proves its entries")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when everything is proven that can be; 1 when it is not."""

    def act(ask: life.Ask) -> int:
        report = ask("GET", f"/policies/{given.number}/evidence")
        key = directory.log_key(given)
        faults = faults_of(report, key, _bundle(ask, report["revision"]["bundle_version"]))
        output.value({"event": "report", "report": report, "faults": faults, "proven": key is not None})
        _show(report, output)
        tell(report, faults, key, output)
        return 1 if faults else 0

    return life.run(given, output, act)


def tell(report: dict[str, Any], faults: list[str], key: bytes | None, output: Output) -> None:
    """What came of proving a report, in a line each."""
    for fault in faults:
        output.line(fault, "red")
    if not faults:
        count = len(report["log"]["entries"])
        proven = "proven" if key is not None else "not proven: --key is missing"
        output.line(f"the report holds; {count} entries of the log, {proven}", "green")


def _bundle(ask: life.Ask, version: int) -> Bundle | None:
    """The bundle that brought the revision into force, as the directory shows it to everybody."""
    return load_bundle(canonical_json(ask("GET", f"/bundles/{version}")["bundle"])) if version else None


def _show(report: dict[str, Any], output: Output) -> None:
    revision, analysis = report["revision"], report["analysis"]
    head = f"revision {revision['revision']}: {revision['document']} version {revision['version']}"
    output.line(f"{head} by {revision['author']} is {revision['state']}")
    output.line(f"  document {revision['document_sha256']}")
    for finding in revision["findings"]:
        output.line(f"  {finding['code']} {finding['path']}: {finding['text']}", "yellow")
    if analysis:
        output.line(f"  analysis {analysis['sha256']}: {analysis['direction']}")
    for signed in revision["approvals"]:
        lapsed = "" if signed["counts"] else ", of another analysis"
        output.line(
            f"  signed by {signed['officer']} {life.moment(signed['approved_s'])} {signed['hash']}{lapsed}"
        )
    for claim in report["proofs"]["claims"]:
        output.line(f"  claim {claim['claim']['id']}: {claim['sentence']}")
    for bundle in report["bundles"]:
        output.line(
            f"  bundle {bundle['bundle_version']} {bundle['act']} {life.moment(bundle['activated_s'])}"
        )
        for node in bundle["nodes"]:
            late = node["acknowledged_s"] is None
            said = "never acknowledged" if late else f"after {node['after_s']} s"
            output.line(f"    {node['node']:<12} {said}", "red" if late and node["here"] else "plain")
    for halt in report["halts"]:
        output.line(f"  halt {halt['halt']} of {halt['scope']} {halt['value']}: {halt['reason']}", "yellow")
    for cell in report["unlawful"]:
        life.show_unlawful(cell, output)
    for waiver in report["waivers"]:
        until = life.moment(waiver["until_s"])
        output.line(f"  waiver {waiver['id']} of {waiver['pack']} until {until}", "yellow")
