"""Officers of a running demo, over HTTP: they put a policy into force, and back."""

import time
from typing import Any

import httpx2

from accord.wire.directory.v1 import directory_pb2 as pb
from accord.wire.directory.v1 import directory_pb2_grpc
from deploy.demo.operator import Operator
from tests.directory.world import PASSWORD, code_of
from tests.support.federation import RunningDemo
from tests.support.provisioning import operate

V1 = "/directory/v1"


class OfficersOverHttp:
    """Three officers for everything: the first one writes, the others sign."""

    def __init__(self, demo: RunningDemo) -> None:
        self._demo = demo
        self._tokens = [self._enter(f"flow-{number}") for number in range(3)]

    def put_in_force(self, text: str) -> int:
        """A document, analysed, signed and activated; the version of the bundle."""
        return self._sign_and_activate(self.ask(0, "POST", "/policies", document=text)["revision"])

    def roll_back(self, document: str, bundle_version: int) -> int:
        """What a document said in a bundle, as a new version of it."""
        back = self.ask(0, "POST", "/policies/rollbacks", document=document, bundle_version=bundle_version)
        return self._sign_and_activate(back["revision"])

    def version(self) -> int:
        """Of the bundle in force."""
        return int(self.ask(0, "GET", "/bundles/active")["version"])

    def ask(self, officer: int, verb: str, path: str, **body: Any) -> Any:
        """An answer's JSON."""
        head = {"authorization": f"Bearer {self._tokens[officer]}"}
        return self._ask(verb, path, head, body)

    def _sign_and_activate(self, number: int) -> int:
        signed = self.ask(0, "POST", f"/policies/{number}/analyses")["approval_sha256"]
        for officer in (1, 2):
            self.ask(officer, "POST", f"/policies/{number}/approvals", hash=signed)
        active = self.ask(0, "POST", f"/policies/{number}/activations", at_s=None)
        assert active["state"] == "active"
        return int(active["bundle_version"])

    def _ask(self, verb: str, path: str, head: dict[str, str], body: dict[str, Any]) -> Any:
        url = self._demo.ready["directory"]["http"] + V1 + path
        answer = httpx2.request(verb, url, json=body or None, headers=head, timeout=60)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json()

    def _enter(self, name: str) -> str:
        """Invite, enrol and sign in; the session's token."""

        async def work(operator: Operator) -> str:
            address = self._demo.ready["directory"]["grpc"]
            stub = directory_pb2_grpc.OfficersStub(operator._channel(address, "directory"))
            request = pb.InviteOfficerRequest(
                context=operator.context(), officer=name, roles=["officer"], jurisdictions=["*"]
            )
            return str((await operator.ask(stub.Invite, request)).secret)

        secret = operate(self._demo, work)
        form = {"name": name, "secret": secret, "password": PASSWORD}
        totp = self._ask("POST", "/officers/enrolments", {}, form)["totp"]
        opened = {"name": name, "password": PASSWORD, "code": code_of(totp, int(time.time()))}
        return str(self._ask("POST", "/officers/sessions", {}, opened)["token"])
