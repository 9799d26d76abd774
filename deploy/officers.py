"""`colink officers invite NAME`: an operator's invitation, with which an officer enrols once (`policy
sign-in`).

On a running demo it acts with the demo's own operator; elsewhere with the certificate that is named.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from accord.errors import ColinkError
from accord.runtime.mtls import MtlsFiles, Trust
from accord.wire.directory.v1 import directory_pb2 as pb
from deploy.demo import officers, registry
from deploy.demo.authority import Authorities
from deploy.demo.catalogue import FEDERATION
from deploy.demo.layout import Layout
from deploy.demo.operator import Operator

ROLES = ("officer", "counsel", "auditor", "operator")


def main(arguments: list[str]) -> int:
    """Run the verb. Returns the exit status: 0 invited, 1 refused by the directory, 2 refused before
    trying.
    """
    given = _parser().parse_args(arguments)
    try:
        operator, address = _operator(given)
    except (registry.NoDemoError, OSError, ValueError) as error:
        sys.stderr.write(f"colink officers: {error}\n")
        return 2
    try:
        made = asyncio.run(_invite(operator, address, given))
    except ColinkError as error:
        sys.stderr.write(f"colink officers: {error}\n")
        return 1
    shown = {"name": given.name, "invitation": made.secret, "expires_s": made.expires_s}
    lines = f"invitation for {given.name}, good once, for a day:\n{made.secret}"
    sys.stdout.write((json.dumps(shown) if given.json else lines) + "\n")
    return 0


async def _invite(operator: Operator, address: str, given: argparse.Namespace) -> pb.InviteOfficerResponse:
    try:
        request = pb.InviteOfficerRequest(
            context=operator.context(),
            officer=given.name,
            roles=given.role,
            jurisdictions=given.jurisdiction or ["*"],
        )
        return await operator.ask(operator.officers(address).Invite, request)
    finally:
        await operator.close()


def _operator(given: argparse.Namespace) -> tuple[Operator, str]:
    if given.grpc:
        missing = [name for name in ("certificate", "key", "trust") if getattr(given, name) is None]
        if missing:
            raise ValueError("--grpc needs " + ", ".join(f"--{name}" for name in missing))
        files = MtlsFiles(given.certificate.read_bytes(), given.key.read_bytes())
        return Operator(files, Trust.load(given.trust), given.federation), given.grpc
    layout = Layout(registry.find(given.data).data_dir)
    door = json.loads((layout.data_dir / officers.DOOR).read_text("utf-8"))
    files = Authorities(layout, FEDERATION).operator()
    return Operator(files, Trust.load(layout.trust), FEDERATION), str(door["grpc"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="colink officers", description="Officers of a federation.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    invite = verbs.add_parser("invite", help="make an invitation, good once, for a day")
    invite.add_argument(
        "name", metavar="NAME", help="made up, and no person's name; it stands in the log for years"
    )
    invite.add_argument("--role", action="append", required=True, choices=ROLES)
    invite.add_argument("--jurisdiction", action="append", metavar="CODE", help="everywhere without it")
    invite.add_argument("--json", action="store_true", help="one JSON object")
    invite.add_argument("--data", type=Path, metavar="DIR", help="data folder of the demo, when several run")
    invite.add_argument("--grpc", metavar="HOST:PORT", help="a directory that is no demo")
    invite.add_argument("--certificate", type=Path, metavar="FILE", help="the operator's, PEM")
    invite.add_argument("--key", type=Path, metavar="FILE", help="the operator's, PEM")
    invite.add_argument(
        "--trust", type=Path, metavar="DIR", help="authorities, one file for each trust domain"
    )
    invite.add_argument(
        "--federation", default=FEDERATION, metavar="NAME", help="last part of certificate names"
    )
    return parser
