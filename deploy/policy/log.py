"""`colink policy log`: read the policy log, prove it by its signed checkpoint, print its entries.

What is proven: that the entries are exactly those that the checkpoint covers, in this order, and that the
log's key signed it. `--since FILE` also proves that the log goes on from a checkpoint kept earlier; `--keep
FILE` keeps the newest one. Of entries that are other jurisdictions' the hash alone is told; they prove alike.

`--report FILE` proves a report that `colink policy report --json` printed, without the directory.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from accord.encoding import unb64url
from accord.errors import InvalidError
from accord.ledger import NoteKey, leaf_data, leaf_hash, open_checkpoint, root_of
from deploy.policy import directory, life
from deploy.policy.output import Output
from deploy.policy.proving import faults_of
from deploy.policy.reading import RefusedError
from deploy.policy.report import tell


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `log`."""
    parser.add_argument("--key", metavar="HEX", help="public key of the log; proves the checkpoint")
    parser.add_argument("--since", type=Path, metavar="FILE", help="a checkpoint kept earlier")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep the newest checkpoint there")
    parser.add_argument("--report", type=Path, metavar="FILE", help="prove this report instead")
    directory.configure(parser)


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when everything is proven that can be; 1 when it is not."""

    if given.report is not None:
        return _prove_report(given, output)

    def act(ask: life.Ask) -> int:
        entries, checkpoint = read(ask)
        faults = prove(entries, checkpoint, directory.log_key(given), _since(given))
        for entry in entries:
            output.value({"event": "entry", **entry})
            if "leaf" in entry:
                output.line(f"{entry['seq']:>5} of another jurisdiction")
                continue
            facts = entry["open"]
            by = entry["sealed"].get("by", "")
            words = " ".join(
                f"{key}={value}"
                for key, value in sorted(facts.items())
                if key not in ("act", "at_s", "log", "seq")
            )
            output.line(f"{entry['seq']:>5} {life.moment(facts['at_s'])} {facts['act']:<22} {by:<16} {words}")
        proven = "proven" if given.key or given.officer else "not proven: --key is missing"
        output.value({"event": "log", "size": len(entries), "checkpoint": checkpoint, "faults": faults})
        output.line(
            faults[0] if faults else f"{len(entries)} entries, {proven}", "red" if faults else "green"
        )
        if given.keep and not faults:
            given.keep.write_text(checkpoint, encoding="utf-8")
        return 1 if faults else 0

    return life.run(given, output, act)


def read(ask: life.Ask) -> tuple[list[dict[str, Any]], str]:
    """All entries, and a checkpoint that covers exactly them."""
    entries: list[dict[str, Any]] = []
    while True:
        page = ask("GET", f"/policy-log?limit=256&cursor={len(entries)}")
        entries += page["entries"]
        if not page["cursor"] and len(entries) >= page["size"]:
            return entries, page["checkpoint"]


def prove(entries: list[dict[str, Any]], checkpoint: str, key: bytes | None, since: str) -> list[str]:
    """What is wrong with the log; nothing when it proves."""
    leaves = []
    for place, entry in enumerate(entries):
        if entry["seq"] != place or entry.get("open", entry).get("seq") != place:
            return [f"entry {place} has another number"]
        leaves.append(_leaf(entry))
    if key is None:
        return []
    keys = [NoteKey(checkpoint.partition("\n")[0], key, "log")] if checkpoint else []
    try:
        proven = open_checkpoint(checkpoint, keys)
        if (proven.size, proven.root) != (len(leaves), root_of(leaves)):
            return ["the entries are not those that the checkpoint covers"]
        if since:
            before = open_checkpoint(since, keys)
            if before.size > len(leaves) or before.root != root_of(leaves[: before.size]):
                return ["the log does not go on from the checkpoint that was kept"]
    except InvalidError as error:
        return [f"the checkpoint does not hold: {error.metadata.get('why', '')}"]
    return []


def _leaf(entry: dict[str, Any]) -> bytes:
    """The hash of an entry; of one that is another jurisdiction's nothing else is told."""
    if "leaf" in entry:
        return unb64url(entry["leaf"])
    return leaf_hash(leaf_data(entry["open"], entry["sealed"], unb64url(entry["salt"])))


def _prove_report(given: argparse.Namespace, output: Output) -> int:
    """Prove a report as it was printed, or as the directory sent it."""
    key = directory.log_key(given)
    try:
        text = given.report.read_text("utf-8")
        said = json.loads(text.splitlines()[0] if '"event"' in text else text)
        report = said.get("report", said)
        faults = faults_of(report, key)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, InvalidError) as error:
        raise RefusedError(f"{given.report}: not a report ({type(error).__name__})") from None
    output.value({"event": "proof", "faults": faults, "proven": key is not None})
    tell(report, faults, key, output)
    return 1 if faults else 0


def _since(given: argparse.Namespace) -> str:
    if not given.since:
        return ""
    try:
        return str(given.since.read_text("utf-8"))
    except OSError as error:
        raise RefusedError(f"{given.since}: {type(error).__name__}") from None
