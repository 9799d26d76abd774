"""Proves a report about a revision: from the report itself, the log's public key and the bundle's bytes."""

import hashlib
from typing import Any

from accord.encoding import canonical_json, unb64url
from accord.errors import InvalidError
from accord.ledger import NoteKey, leaf_data, leaf_hash, open_checkpoint, verify_inclusion
from residency_policies.check_certificate import faults as certificate_faults
from residency_policies.sealed import Bundle

Report = dict[str, Any]


def faults_of(report: Report, key: bytes | None = None, bundle: Bundle | None = None) -> list[str]:
    """What does not hold in a report; nothing when all that could be looked at is proven.

    Args:
        key: of the policy log; without it nothing is said about entries.
        bundle: the one that brought the revision into force; without it certificates are not looked at.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, InvalidError: it is no report.
    """
    faults = [*_documents(report), *_told(report)]
    if key is not None:
        faults += _entries(report["log"], key)
    if bundle is not None:
        faults += _claims(report, bundle)
    return faults


def _sha256(value: object) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _documents(report: Report) -> list[str]:
    """That what was signed is this document and this analysis, by others than the author."""
    revision, faults = report["revision"], []
    if _sha256(revision["content"]) != revision["document_sha256"]:
        faults.append("the document is not the one of its hash")
    if report["analysis"] is None:
        return faults
    both = {"analysis": report["analysis"]["sha256"], "document": revision["document_sha256"]}
    if _sha256(both) != revision["approval_sha256"]:
        faults.append("what is to be signed is not this document with this analysis")
    for signed in _counted(report):
        if signed["hash"] != revision["approval_sha256"] or signed["officer"] == revision["author"]:
            faults.append(f"the signature of {signed['officer']} does not count")
    return faults


def _counted(report: Report) -> list[dict[str, Any]]:
    return [it for it in report["revision"]["approvals"] if it["counts"]]


def _entries(log: dict[str, Any], key: bytes) -> list[str]:
    """That the entries stand in the log of the signed checkpoint."""
    note = str(log["checkpoint"])
    try:
        proven = open_checkpoint(note, [NoteKey(note.partition("\n")[0], key, "log")])
    except InvalidError as error:
        return [f"the checkpoint does not hold: {error.metadata.get('why', '')}"]
    faults = []
    for entry in log["entries"]:
        seq, leaf = (
            entry["seq"],
            leaf_hash(leaf_data(entry["open"], entry["sealed"], unb64url(entry["salt"]))),
        )
        proof = [unb64url(it) for it in entry["inclusion"]]
        stands = verify_inclusion(leaf, seq, proven.size, proof, proven.root)
        if not stands or entry["open"].get("seq") != seq:
            faults.append(f"entry {seq} does not stand in the log")
    return faults


def _told(report: Report) -> list[str]:
    """That the report says nothing that the entries do not say."""
    revision, entries = report["revision"], report["log"]["entries"]
    own = [it for it in entries if it["open"].get("revision") == revision["revision"]]
    signed = {(it["sealed"].get("by"), it["open"].get("signed_sha256")) for it in own}
    faults = [
        f"the log does not say that {it['officer']} signed"
        for it in _counted(report)
        if (it["officer"], it["hash"]) not in signed
    ]
    acts = {(it["open"]["act"], it["open"].get("bundle_version")): it["open"] for it in own}
    made = {
        it["open"]["bundle_version"]: it["open"]["bundle_sha256"]
        for it in entries
        if it["open"]["act"] == "bundle_signed"
    }
    for bundle in report["bundles"]:
        version = bundle["bundle_version"]
        act = acts.get((bundle["act"], version), {})
        if act.get("document_sha256") != revision["document_sha256"]:
            faults.append(f"the log does not say that bundle {version} is of this revision")
        if made.get(version) != bundle["bundle_sha256"]:
            faults.append(f"bundle {version} is not the one that was entered into the log")
    return faults


def _claims(report: Report, bundle: Bundle) -> list[str]:
    """That the bundle is the one of the report, and that its certificates hold for it."""
    known = {it["bundle_sha256"] for it in report["bundles"]}
    if hashlib.sha256(bundle.canonical_bytes).hexdigest() not in known:
        return ["the bundle is not one of the report"]
    return [
        f"the certificate of claim {it['claim']['id']} does not hold"
        for it in report["proofs"]["claims"]
        if not it["holds"] or certificate_faults(it["certificate"], bundle)
    ]
