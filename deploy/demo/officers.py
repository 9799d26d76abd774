"""Officers of a demo: invited, enrolled and kept with everything that signs them in. For demonstrations
alone.

A real officer's password and authenticator are theirs; here they stand in a file, so that a walk needs no
phone.
"""

import base64
import json
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from accord.wire.directory.v1 import directory_pb2 as pb
from deploy.demo.layout import write_secret
from deploy.demo.operator import Operator

FILE = "officers.json"
# How commands find the directory of a running demo, and with which key its policy log is proven.
DOOR = "directory.json"
PASSWORD_BYTES = 12
STEP_S = 30
ROLES = (
    ("officer-de-1", "officer", ("DE",)),
    ("officer-de-2", "officer", ("DE",)),
    ("officer-de-3", "officer", ("DE",)),
    ("officer-us-1", "officer", ("US",)),
    ("officer-us-2", "officer", ("US",)),
    ("counsel-1", "counsel", ("*",)),
    ("counsel-2", "counsel", ("*",)),
    ("auditor-1", "auditor", ("*",)),
    ("operator-1", "operator", ("*",)),
)


@dataclass
class SeededOfficer:
    """One row of `officers[]` in the ready line."""

    name: str
    roles: list[str]
    jurisdictions: list[str]
    password: str
    totp_secret: str


async def enrol_all(operator: Operator, grpc: str, http: str) -> list[SeededOfficer]:
    """Invite and enrol everybody; nobody where the directory keeps officers' doors shut. Raises
    ColinkError.
    """
    made: list[SeededOfficer] = []
    officers = operator.officers(grpc)
    async with httpx2.AsyncClient(timeout=30.0, trust_env=False) as client:
        for name, role, places in ROLES:
            request = pb.InviteOfficerRequest(
                context=operator.context(), officer=name, roles=[role], jurisdictions=places
            )
            invited = await operator.ask(officers.Invite, request)
            password = secrets.token_urlsafe(PASSWORD_BYTES)
            form = {"name": name, "secret": invited.secret, "password": password}
            answer = await client.post(f"{http}/directory/v1/officers/enrolments", json=form)
            if answer.status_code == 404:
                return []
            answer.raise_for_status()
            secret = parse_qs(urlsplit(answer.json()["totp"]).query)["secret"][0]
            made.append(SeededOfficer(name, [role], list(places), password, secret))
    return made


def keep(data_dir: Path, officers: list[SeededOfficer]) -> None:
    """Write them where `kept` finds them, for the owner of the demo alone."""
    write_secret(data_dir / FILE, json.dumps([asdict(it) for it in officers]).encode())


def kept(data_dir: Path) -> list[SeededOfficer]:
    """The officers of a demo's data folder; none where there is no file."""
    path = data_dir / FILE
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.is_file() else []
    return [SeededOfficer(**row) for row in rows]


def code(totp_secret: str, at_s: float | None = None) -> str:
    """What an authenticator with this secret (base32) shows now, or at a time."""
    key = base64.b32decode(totp_secret + "=" * (-len(totp_secret) % 8))
    factor = TOTP(key, 6, SHA1(), STEP_S, enforce_key_length=False)  # noqa: S303
    return factor.generate(int(time.time() if at_s is None else at_s)).decode()
