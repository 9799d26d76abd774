"""`colink keys`: the keys of a cell, shown, exchanged and withdrawn while it serves.

On a running demo it acts with the demo's own operator on its files; elsewhere with the certificate and the
secrets folder that are named.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from accord.errors import ColinkError
from accord.runtime.mtls import MtlsFiles, Trust
from deploy.demo import officers, registry
from deploy.demo.authority import Authorities
from deploy.demo.catalogue import FEDERATION
from deploy.demo.layout import Layout
from deploy.demo.operator import Operator
from deploy.keys import sealing, signing
from deploy.keys.desk import Desk, Files, KeysError

WAIT_S = 120.0


def main(arguments: list[str]) -> int:
    """Run the verb. Returns the exit status: 0 done, 1 tried and not done, 2 refused before trying."""
    given = _parser().parse_args(arguments)
    say = _say_json if given.json else _say
    try:
        operator, directory, secrets = _reach(given)
    except (registry.NoDemoError, OSError, ValueError) as error:
        sys.stderr.write(f"colink keys: {error}\n")
        return 2
    desk = Desk(operator, directory, given.cell, Files(secrets), getattr(given, "wait", WAIT_S), say)
    try:
        asyncio.run(_run(desk, operator, given))
    except (KeysError, ColinkError, OSError, ValueError) as error:
        sys.stderr.write(f"colink keys: {error}\n")
        return 1
    return 0


async def _run(desk: Desk, operator: Operator, given: argparse.Namespace) -> None:
    try:
        if given.verb == "show":
            await _show(desk)
        elif given.verb == "withdraw":
            known = {key.key_id for one in await desk.status() for key in one.sealing}
            await (sealing if given.key_id in known else signing).withdraw(desk, given.key_id)
        elif given.verb == "wrap-again":
            await sealing.wrap_again(desk)
        elif given.purpose == "signing":
            await signing.rotate(desk, given.without)
        elif given.purpose == "sealing":
            await sealing.rotate(desk, not given.no_wrap_again)
        else:
            await sealing.rotate_data_keys(desk, given.resident)
    finally:
        await operator.close()


async def _show(desk: Desk) -> None:
    for number, one in enumerate(await desk.status()):
        for key in one.signing:
            desk.say(
                process=number, purpose="signing", key_id=key.key_id, state=key.state or "not admitted",
                held=key.held, in_use=key.signs,
            )  # fmt: skip
        for one_key in one.sealing:
            desk.say(
                process=number, purpose="sealing", key_id=one_key.key_id, data_keys=one_key.data_keys,
                in_use=one_key.wraps,
            )  # fmt: skip
        if one.lost:
            desk.say(process=number, purpose="sealing", lost=list(one.lost))


def _say(**facts: object) -> None:
    words = [f"{name}={_plain(value)}" for name, value in facts.items() if name != "step"]
    sys.stdout.write(" ".join([*([str(facts["step"])] if "step" in facts else []), *words]) + "\n")
    sys.stdout.flush()


def _say_json(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        ",".join(map(str, value))
        if isinstance(value, Sequence) and not isinstance(value, str)
        else str(value)
    )


def _reach(given: argparse.Namespace) -> tuple[Operator, str, Path]:
    """Who asks, the directory's address, and the cell's secrets folder."""
    if given.grpc:
        needed = ("certificate", "key", "trust", "secrets")
        if missing := [name for name in needed if getattr(given, name) is None]:
            raise ValueError("--grpc needs " + ", ".join(f"--{name}" for name in missing))
        files = MtlsFiles(given.certificate.read_bytes(), given.key.read_bytes())
        operator = Operator(files, Trust.load(given.trust), given.federation)
        return operator, given.grpc, _folder(given.secrets)
    layout = Layout(registry.find(given.data).data_dir)
    door = json.loads((layout.data_dir / officers.DOOR).read_text("utf-8"))
    operator = Operator(Authorities(layout, FEDERATION).operator(), Trust.load(layout.trust), FEDERATION)
    return operator, str(door["grpc"]), _folder(layout.node("cells", given.cell) / "secrets")


def _folder(path: Path) -> Path:
    if not (path / signing.FILE).is_file():
        raise ValueError(f"{path}: no secrets folder of a cell")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="colink keys", description="The keys of a cell.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("show", help="which keys there are, and what rests under them")
    rotate = verbs.add_parser("rotate", help="use another key from now on")
    again = verbs.add_parser("wrap-again", help="have every data key rest under the cell's key in use")
    withdraw = verbs.add_parser("withdraw", help="end a key: what it signed proves nothing any more")
    for verb in (show, rotate, again, withdraw):
        verb.add_argument("cell", metavar="CELL")
        _add_reach(verb)
    rotate.add_argument(
        "purpose",
        choices=("signing", "sealing", "data"),
        help="of tokens; of data keys; of what residents have",
    )
    rotate.add_argument(
        "--no-wrap-again",
        action="store_true",
        help="sealing: leave data keys as they rest (`wrap-again` later)",
    )
    rotate.add_argument(
        "--without", action="append", default=[], metavar="NAME",
        help="signing: a cell or edge that is not waited for; it refuses new tokens until it hears",
    )  # fmt: skip
    rotate.add_argument(
        "--resident", action="append", default=[], metavar="ID", help="data: of these alone, else of all"
    )
    withdraw.add_argument("key_id", metavar="KEY_ID")
    return parser


def _add_reach(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--wait", type=float, default=WAIT_S, metavar="S", help="for each step (120)")
    verb.add_argument("--json", action="store_true", help="one JSON object a line")
    verb.add_argument("--data", type=Path, metavar="DIR", help="data folder of the demo, when several run")
    verb.add_argument("--grpc", metavar="HOST:PORT", help="a directory that is no demo")
    verb.add_argument("--secrets", type=Path, metavar="DIR", help="secrets folder of the cell")
    verb.add_argument("--certificate", type=Path, metavar="FILE", help="the operator's, PEM")
    verb.add_argument("--key", type=Path, metavar="FILE", help="the operator's, PEM")
    verb.add_argument("--trust", type=Path, metavar="DIR", help="authorities, one file for each trust domain")
    verb.add_argument(
        "--federation", default=FEDERATION, metavar="NAME", help="last part of certificate names"
    )
