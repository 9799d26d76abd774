"""The directory as officers' commands reach it: a session, one request, and what a refusal says.

A session is a file of its owner's alone: the directory's address, the token and its end. `--as NAME` takes
an officer of a running demo, and signs in with what the demo keeps for that.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import httpx2

from deploy.demo import officers as demo_officers
from deploy.demo import registry
from deploy.demo.layout import write_secret
from deploy.policy.output import Output
from deploy.policy.reading import RefusedError

SESSION = "COLINK_SESSION"
V1 = "/directory/v1"
TIMEOUT_S = 60.0


class NoError(Exception):
    """The directory said no. `status`: of HTTP; `body`: what it said."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body
        super().__init__(json.dumps(body))


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of every verb that asks the directory."""
    parser.add_argument("--as", dest="officer", metavar="NAME", help="an officer of the running demo")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder of the demo, when several run")


def session_file() -> Path:
    """Where `sign-in` leaves the session: $COLINK_SESSION, or a file of the user's."""
    return Path(os.environ.get(SESSION) or Path.home() / ".colink" / "session.json")


def sign_in(url: str, name: str, password: str, code: str, file: Path) -> dict[str, Any]:
    """Open a session and keep it in the file. Raises NoError, RefusedError."""
    form = {"name": name, "password": password, "code": code}
    opened = ask(url, "POST", "/officers/sessions", None, form)
    kept = {"url": url, "token": opened["token"], "expires_s": opened["expires_s"], "officer": name}
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(file, json.dumps(kept).encode())
    return {"officer": opened["officer"], "expires_s": opened["expires_s"]}


def enter(given: argparse.Namespace) -> tuple[str, str]:
    """Address and token of the session that the options mean. Raises RefusedError, NoError."""
    if given.officer is None:
        session = _read(session_file())
        if session is None:
            raise RefusedError("sign in first: colink policy sign-in NAME --directory URL")
        return session["url"], session["token"]
    try:
        data = registry.find(given.data).data_dir
    except registry.NoDemoError as error:
        raise RefusedError(str(error)) from None
    found = next((it for it in demo_officers.kept(data) if it.name == given.officer), None)
    if found is None:
        names = ", ".join(it.name for it in demo_officers.kept(data)) or "none"
        raise RefusedError(f"the demo has no officer {given.officer!r}; there are: {names}")
    file = data / "sessions" / f"{found.name}.json"
    session = _read(file)
    if session is None:
        url = json.loads((data / demo_officers.DOOR).read_text("utf-8"))["url"]
        sign_in(url, found.name, found.password, demo_officers.code(found.totp_secret), file)
        session = _read(file)
        assert session is not None
    return session["url"], session["token"]


def ask(url: str, verb: str, path: str, token: str | None, body: dict[str, Any] | None = None) -> Any:
    """One request; the answer's JSON. Raises NoError; RefusedError when the directory cannot be reached."""
    head = {"authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx2.request(
            verb, url + V1 + path, json=body, headers=head, timeout=TIMEOUT_S, trust_env=False
        )
    except httpx2.HTTPError as error:
        raise RefusedError(f"the directory at {url} cannot be reached: {type(error).__name__}") from None
    said = answer.json() if answer.content else {}
    if answer.status_code >= 400:
        raise NoError(answer.status_code, said)
    return said


def tell_no(error: NoError, output: Output) -> int:
    """Print a refusal; the exit status."""
    body = error.body
    output.value({"event": "refused", "status": error.status, **body})
    code = f" {body['code']}" if "code" in body else ""
    output.line(f"refused: {body.get('error')}{code} {body.get('text', '')}".rstrip(), "red")
    for finding in body.get("findings", []):
        place = f"line {finding['line']}: " if finding["line"] else ""
        output.line(f"  {place}{finding['code']} {finding['path']}: {finding['text']}", "red")
    left = {key: value for key, value in body.items() if key not in ("error", "code", "text", "findings")}
    if left:
        output.line("  " + " ".join(f"{key}={value}" for key, value in sorted(left.items())))
    return 1


def _read(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    session: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return session if session["expires_s"] > time.time() + 5 else None


def log_key(given: argparse.Namespace) -> bytes | None:
    """The public key of the policy log: of `--key`, or of the running demo whose officer asks. Raises
    RefusedError.
    """
    if not given.key:
        return demo_log_key(given) if given.officer else None
    try:
        return bytes.fromhex(given.key)
    except ValueError:
        raise RefusedError("--key: not a public key in hex") from None


def demo_log_key(given: argparse.Namespace) -> bytes | None:
    """The public key of a running demo's policy log."""
    try:
        data = registry.find(given.data).data_dir
    except registry.NoDemoError:
        return None
    return bytes.fromhex(json.loads((data / demo_officers.DOOR).read_text("utf-8"))["log_key"])
