"""The life of a policy over HTTP, as officers and their tools see it."""

from collections.abc import Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient

from accord.encoding import unb64url
from accord.ledger import NoteKey, leaf_data, leaf_hash, open_checkpoint, root_of, verify_consistency
from accord.runtime.metrics import Metrics
from deploy.policy.proving import faults_of
from directory.adapters.memory.store import MemoryStore
from directory.entrypoints.http.app import OPENAPI, OfficerDoors, make_app
from directory.entrypoints.http.bodies import BODY_BYTES_MAX
from residency_policies.builtin import builtin_floors
from tests.directory.services.test_policies import GERMAN, STRICTER
from tests.directory.world import OPERATOR, PASSWORD, World

V1 = "/directory/v1"


class Face:
    """The HTTP face over a world, and sessions by officer."""

    def __init__(self, world: World, *, doors: bool = True) -> None:
        self.world = world
        made = OfficerDoors(
            world.officers,
            world.review,
            world.rollout,
            world.halts,
            world.log,
            world.evidence,
            world.shadow,
            world.shadows,
            world.unlawful,
        )
        app = make_app(world.cells, world.bundles, Metrics(), _no_parts, made if doors else None)
        self.client = TestClient(app, raise_server_exceptions=False)
        self.tokens: dict[str, str] = {}

    async def enter(self, name: str, role: str = "officer", *jurisdictions: str) -> None:
        """Invite, enrol and sign in over HTTP; everywhere unless jurisdictions are given."""
        places = list(jurisdictions or ("*",))
        secret, _ = await self.world.officers.invite(OPERATOR, name, [role], places)
        enrolled = self.ask("POST", "/officers/enrolments", name=name, secret=secret, password=PASSWORD)
        code = self.world.code(enrolled["totp"])
        opened = self.ask("POST", "/officers/sessions", name=name, password=PASSWORD, code=code)
        assert opened["officer"]["roles"] == [role]
        self.tokens[name] = opened["token"]

    def ask(self, verb: str, path: str, by: str = "", status: int = 0, **body: Any) -> Any:
        """The answer's JSON; its status is 2xx unless another one is wanted."""
        head = {"authorization": f"Bearer {self.tokens[by]}"} if by else {}
        answer = self.client.request(verb, V1 + path, json=body or None, headers=head)
        assert answer.status_code == status if status else answer.status_code < 300, answer.text
        return answer.json() if answer.content else None


async def _no_parts() -> Mapping[str, bool]:
    return {}


@pytest.fixture
async def face() -> Face:
    made = Face(await World(MemoryStore()).begin((*builtin_floors(), GERMAN)))
    for name in ("de-one", "de-two", "de-three"):
        await made.enter(name)
    await made.enter("au-one", "auditor")
    return made


async def test_a_policy_goes_into_force_over_http(face: Face) -> None:
    sent = face.ask("POST", "/policies", "de-one", document=STRICTER)
    assert (sent["revision"], sent["state"], sent["findings"]) == (1, "validated", [])
    analysed = face.ask("POST", "/policies/1/analyses", "de-one")
    signed = analysed["approval_sha256"]
    refused = face.ask("POST", "/policies/1/approvals", "de-one", 403, hash=signed)
    assert (refused["error"], refused["code"]) == ("FORBIDDEN", "E-SOD")
    for name in ("de-two", "de-three"):
        face.ask("POST", "/policies/1/approvals", name, hash=signed)
    active = face.ask("POST", "/policies/1/activations", "de-one", at_s=None)
    assert (active["state"], active["bundle_version"]) == ("active", 2)
    assert [it["officer"] for it in active["approvals"]] == ["de-three", "de-two"]
    whole = face.ask("GET", "/policies/1", "au-one")
    assert whole["content"]["metadata"]["id"] == "default/de"
    assert face.ask("GET", "/bundles/active")["version"] == 2
    back = face.ask("POST", "/policies/rollbacks", "de-one", document="default/de", bundle_version=1)
    assert (back["revision"], back["rolls_back"]) == (2, 1)
    page = face.ask("GET", "/policies?limit=1", "au-one")
    assert [it["revision"] for it in page["revisions"]] == [2]
    rest = face.ask("GET", f"/policies?limit=5&cursor={page['cursor']}", "au-one")
    assert ([it["revision"] for it in rest["revisions"]], rest["cursor"]) == ([1], "")


async def test_a_removal_is_a_revision_of_its_own_over_http(face: Face) -> None:
    sent = face.ask("POST", "/policies/removals", "de-one", document="default/de")
    assert (sent["kind"], sent["state"], sent["version"]) == ("Removal", "validated", 2)
    whole = face.ask("GET", "/policies/1", "au-one")["content"]
    assert sorted(whole) == ["kind", "metadata", "removes_sha256"]
    refused = face.ask("POST", "/policies/removals", "de-one", 400, document="floor/eea")
    assert (refused["error"], refused["code"]) == ("INVALID", "E-FLOOR")
    assert face.ask("POST", "/policies/removals", "de-one", 404, document="none")["error"] == "NOT_FOUND"
    evidence = face.ask("GET", "/policies/1/evidence", "au-one")
    assert faults_of(evidence, face.world.log_key.public) == []


async def test_the_log_is_read_in_pages_and_proves_itself(face: Face) -> None:
    face.ask("POST", "/policies", "de-one", document=STRICTER)
    entries: list[Any] = []
    cursor, notes = "0", []
    while cursor:
        page = face.ask("GET", f"/policy-log?limit=3&cursor={cursor}", "au-one")
        entries, cursor = entries + page["entries"], page["cursor"]
        notes.append(page["checkpoint"])
    leaves = [leaf_hash(leaf_data(it["open"], it["sealed"], unb64url(it["salt"]))) for it in entries]
    key = NoteKey("policies.test", face.world.log_key.public, "log")
    proven = open_checkpoint(notes[-1], [key])
    assert (proven.size, proven.root) == (len(leaves), root_of(leaves))
    shown = face.ask("GET", "/policy-log/consistency?old=3&new=7", "au-one")
    hashes = [unb64url(it) for it in shown["hashes"]]
    assert verify_consistency(3, 7, root_of(leaves[:3]), root_of(leaves[:7]), hashes)
    assert face.ask("GET", "/policy-log/consistency?old=3&new=99", "au-one", 400)["error"] == "INVALID"


async def test_an_auditor_reads_everything_and_changes_nothing(face: Face) -> None:
    face.ask("POST", "/policies", "de-one", document=STRICTER)
    before = face.ask("GET", "/policy-log?limit=256", "au-one")
    schema = face.ask("GET", OPENAPI.removeprefix(V1))
    bodies: dict[str, dict[str, Any]] = {
        "/policies": {"document": STRICTER},
        "/policies/removals": {"document": "default/de"},
        "/policies/rollbacks": {"document": "default/de", "bundle_version": 1},
        "/halts": {"scope": "jurisdiction", "value": "DE", "reason": "a try"},
        "/policies/{number}/approvals": {"hash": "0" * 64},
        "/policies/{number}/activations": {"at_s": None},
    }
    tried = 0
    for path, verbs in schema["paths"].items():
        short, own = path.removeprefix(V1), "/sessions/current" in path
        for verb in set(verbs) - {"get"}:
            if own or short in ("/officers/enrolments", "/officers/sessions"):
                continue
            asked = short.replace("{number}", "1").replace("{name}", "de-one")
            said = face.ask(verb.upper(), asked, "au-one", 403, **bodies.get(short, {}))
            assert said["error"] == "FORBIDDEN", path
            tried += 1
    assert tried >= 6
    assert face.ask("GET", "/policy-log?limit=256", "au-one") == before


async def test_without_a_session_every_door_is_shut(face: Face) -> None:
    for path, verbs in face.ask("GET", OPENAPI.removeprefix(V1))["paths"].items():
        if not path.startswith((V1 + "/officers", V1 + "/pol", V1 + "/halts", V1 + "/rollout")):
            continue
        for verb in verbs:
            if verb == "post" and path in (V1 + "/officers/enrolments", V1 + "/officers/sessions"):
                continue
            asked = path.replace("{number}", "1").replace("{name}", "de-one")
            answer = face.client.request(verb.upper(), asked, json={"document": "x", "hash": "0" * 64})
            assert (answer.status_code, answer.json()["error"]) == (401, "TOKEN_MISSING"), (verb, path)
    face.ask("DELETE", "/officers/sessions/current", "de-one")
    assert face.ask("GET", "/policies", "de-one", 401)["error"] == "TOKEN_INVALID"


async def test_where_passwords_may_not_enter_there_is_no_door(face: Face) -> None:
    shut = Face(face.world, doors=False)
    shut.tokens = face.tokens
    for verb, path in (("POST", "/officers/sessions"), ("GET", "/policies"), ("GET", "/policy-log")):
        assert shut.ask(verb, path, "de-one", 404)["error"] == "UNKNOWN_ROUTE"
    assert shut.ask("GET", "/bundles/active")["version"] == 1


async def test_findings_come_with_their_places(face: Face) -> None:
    said = face.ask("POST", "/policies", "de-one", 400, document="kind: Policy\nflows: [x]\n")
    assert said["error"] == "INVALID"
    assert {it["code"] for it in said["findings"]} >= {"E-MISSING"}
    assert all(it["line"] > 0 for it in said["findings"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/policies", {"document": STRICTER, "state": "active"}),
        ("/policies", {"document": 5}),
        ("/policies", {}),
        ("/policies/1/approvals", {"hash": "x"}),
        ("/policies/1/activations", {"at_s": "tomorrow"}),
        ("/policies/x/analyses", {}),
        ("/policies/rollbacks", {"document": "default/de", "bundle_version": 0}),
    ],
)
async def test_a_form_of_another_shape_is_refused_and_not_repeated(
    face: Face, path: str, body: dict[str, Any]
) -> None:
    said = face.ask("POST", path, "de-one", 400, **body)
    assert said["error"] == "INVALID"
    assert set(said) == {"error", "field"}


async def test_a_body_has_a_bound(face: Face) -> None:
    head = {"authorization": f"Bearer {face.tokens['de-one']}", "content-type": "application/json"}
    answer = face.client.post(V1 + "/policies", content=b'"' + b"x" * BODY_BYTES_MAX, headers=head)
    assert (answer.status_code, answer.json()["error"]) == (400, "INVALID")


@pytest.mark.parametrize("number", ["0", "-1", str(2**53 + 1), "9" * 30, "9" * 5_000])
async def test_a_number_that_no_store_takes_is_refused(face: Face, number: str) -> None:
    for verb, path in (
        ("GET", "/policies/{}"),
        ("POST", "/policies/{}/analyses"),
        ("POST", "/policies/{}/withdrawals"),
        ("POST", "/policies/{}/shadows"),
        ("DELETE", "/policies/{}/shadows"),
        ("DELETE", "/halts/{}"),
        ("POST", "/halts/{}/approvals"),
    ):
        refused = face.ask(verb, path.format(number), "de-one", 400)
        assert refused["error"] == "INVALID"
