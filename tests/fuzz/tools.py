"""Readers of policies, and of the tools for operators."""

import json
import tempfile
from pathlib import Path
from typing import Any

from accord import encoding
from accord.errors import (
    InvalidError,
)
from deploy import verify_ledger
from deploy.audit import history
from residency_policies import bundle, document, yaml_tree
from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.decision import Question
from residency_policies.errors import BundleError, DocumentError
from tests.fuzz.federation import CHECKPOINT, KEY, NOW_S
from tests.support.fuzzing import Target

BUNDLE = bundle.Bundle(1, tuple(builtin_documents()[:2]), tuple(BUILTIN_REGIONS))
QUESTION: dict[str, Any] = {
    "workspace": "T1",
    "bundle": 1,
    "op": "process",
    "class": "message_body",
    "src": "eu",
    "dst": "us",
    "viewer": {"relation": "employee", "country": "DE"},
    "facts": [],
    "can": ["a"],
    "purpose": "chat",
    "ref": "",
}
HISTORY = b"\n".join(
    json.dumps(line).encode()
    for line in (
        {
            "i": 1,
            "t": 0.1,
            "type": "invoke",
            "op": "send",
            "process": "p",
            "channel": "C",
            "value": "v",
            "key": "k",
        },
        {"i": 1, "t": 0.2, "type": "ok", "ts": "1.000001"},
    )
)


def book(data: bytes) -> object:
    """Lines of a ledger's book, and the checkpoint behind a zero byte, as the offline check reads them."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "book").mkdir()
        lines, _, note = data.partition(b"\0")
        (Path(folder) / "book" / "000000.jsonl").write_bytes(lines)
        (Path(folder) / "checkpoint").write_bytes(note)
        read = verify_ledger.read_book(Path(folder), KEY.public)
        return verify_ledger.check_pairs([read], float(NOW_S))


def entry(sequence: int) -> bytes:
    """A line of a book."""
    shown = {"seq": sequence, "v": 1, "kind": "result", "side": "debit", "transfer": "t", "leg": "query"}
    return encoding.canonical_json(
        {"open": shown, "salt": encoding.b64url(b"s" * 32), "sealed": {"ref": "x"}}
    )


TARGETS: dict[str, Target] = {
    "policy documents": Target(
        ("residency_policies.document.load_document", "residency_policies.yaml_tree.parse_tree"),
        [one.encode() for one in builtin_documents()[:3]],
        document.load_document,
        (DocumentError,),
    ),
    "YAML": Target(
        ("residency_policies.yaml_tree.parse_tree",),
        [b"a: [1, 'x', true]\nb:\n  c: d\n"],
        lambda data: yaml_tree.parse_tree(data, "a file"),
        (DocumentError,),
    ),
    "policy bundles": Target(
        ("residency_policies.sealed.load_bundle",),
        [BUNDLE.canonical_bytes],
        bundle.load_bundle,
        (BundleError, DocumentError),
        lambda value: value.canonical_bytes,
    ),
    "questions to policies": Target(
        ("residency_policies.decision.Question.from_json",),
        [encoding.canonical_json(QUESTION)],
        lambda data: Question.from_json(encoding.parse_canonical(data, 9_000)),
        (BundleError, InvalidError),
    ),
    "histories": Target(
        ("deploy.audit.history.parse",),
        [HISTORY],
        lambda data: history.parse(data.split(b"\n"), "a file"),
        (history.HistoryError,),
    ),
    "books of ledgers": Target(
        ("deploy.verify_ledger.read_book", "deploy.verify_ledger.check_pairs"),
        [entry(0) + b"\n" + entry(1) + b"\n\0" + CHECKPOINT.encode()],
        book,
        (),
    ),
}
