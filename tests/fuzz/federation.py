"""Readers that planes share, and those of the directory, the edge, policies and the tools."""

from collections.abc import Mapping

from google.protobuf.message import DecodeError

from accord import encoding, identity, ids, ledger, orders, routes, signing, tiles
from accord.errors import (
    InvalidError,
    PeerRefusedError,
    StaleEpochError,
    TokenExpiredError,
    TokenInvalidError,
)
from accord.identity import KeyRing, RingKey, SigningKey, mint, mint_identity
from accord.runtime import error_detail, mtls
from accord.wire.directory.v1 import directory_pb2 as wire
from directory.domain import cells, claims, halts, names, officers, shadows
from directory.domain import traffic as told
from directory.entrypoints.grpc import forms
from edge.adapters.directory import parsing
from edge.domain import journal
from edge.entrypoints.http import bodies, files, webhooks
from residency_policies import traffic
from residency_policies.decision import Viewer
from residency_policies.points import Flow, Point
from tests.support.fuzzing import Target

NOW_S = 1_800_000_000
KEY = SigningKey.from_seed(b"k" * 32)
RING = KeyRing([RingKey("de-fra", "*", KEY.key_id, KEY.public, 0, 2**40)])
TOKEN: dict[str, object] = {
    "i": encoding.b64url(b"i" * 16),
    "r": "T00000000000A",
    "u": "U00000000000A",
    "t": NOW_S,
    "x": NOW_S + 60,
}
TICKET: dict[str, object] = {"i": "abc", "r": "T00000000000A", "x": NOW_S + 20, "edge": "fra", "tok": "t"}
REFUSED_TOKENS = (TokenInvalidError, TokenExpiredError)
ASKS = {"resident": "P00000000000A", "user": None, "audience": "us-iad", "roles": ["person"], "via": "de-fra"}
IDENTITY = mint_identity(KEY, **ASKS, issued_s=NOW_S)  # type: ignore[arg-type]
HANDOVER = identity.sign_handover(KEY, identity.Handover("T00000000000A", "", "de-fra", 1, "0" * 64))
CHECKPOINT = ledger.sign_checkpoint(ledger.checkpoint_text("demo/de-fra", 2, b"r" * 32), KEY)
AUTHORITY = mtls.make_authority("an authority", "de-fra.demo")
CERTIFICATE = mtls.issue(AUTHORITY, "cell", "de-fra.demo")[0]
TRUST = mtls.Trust({"de-fra.demo": AUTHORITY.cert_pem})
DELTA = wire.RouteDelta(
    watch_version=3,
    full=True,
    placements=[
        wire.Placement(resident="T00000000000A", cell="de-fra", epoch=1, version=1, handover=HANDOVER)
    ],
    cells=[
        wire.Cell(
            name="de-fra", jurisdiction="DE", region="eu", state=wire.CELL_STATE_ACTIVE, addresses=["a:1"]
        )
    ],
    edges=[wire.Edge(name="fra", jurisdiction="DE", region="eu", url="http://localhost:1")],
    keys=[
        wire.Key(cell="de-fra", purposes=["*"], key_id="k", public_key=b"p" * 32, state=wire.KEY_STATE_ACTIVE)
    ],
    tombstones=[wire.Tombstone(resident="P00000000000A", epoch=1, version=2)],
).SerializeToString()
KIND = traffic.kind_of(
    Point("x", "disclose", ("file_content",), "local"),
    Flow("T00000000000A", "eu-central-1", "us-east-1", Viewer("guest", "US")), "DE", ("AT",), ("project",),
).to_bytes()  # fmt: skip
REPORT = wire.ReportTrafficRequest(
    since_us=1, position=1, kinds=[wire.TrafficKind(number=1, kind=KIND)], until_s=NOW_S,
    counts=[wire.TrafficCount(number=1, start_s=NOW_S, flows=3, shadow=b"s" * 32)],
    differences=[wire.TrafficDifference(
        number=1, start_s=NOW_S, shadow=b"s" * 32, data_class="file_content", what="owes", rule="F", flows=1
    )],
)  # fmt: skip
RECORD = journal.Record(DELTA, b"k" * 8, b"s" * 64)


def text(data: bytes) -> str:
    """Bytes as any text: readers of texts get each of them."""
    return data.decode("utf-8", "surrogateescape")


def resigned(purpose: str, payload: bytes) -> str:
    """A ticket over any bytes, by a key that is trusted: what a cell of ill will can make."""
    return f"{encoding.b64url(payload)}.{encoding.b64url(KEY.sign(purpose, payload))}"


def signed_token(payload: bytes) -> object:
    """The claims of a token with this payload."""
    return identity.verify_token("xoxp-" + resigned("xoxp", payload), RING, NOW_S)


def signed_handover(payload: bytes) -> object:
    """A record of these fields, signed as they are."""
    fields = encoding.parse_canonical(payload, 4_096)
    if not isinstance(fields, dict):
        raise InvalidError(field="handover", why="no object")
    fields.pop("signatures", None)
    signature = encoding.b64url(KEY.sign("handover", encoding.canonical_json(fields)))
    record = encoding.canonical_json({**fields, "signatures": {KEY.key_id: signature}})
    return identity.verify_handover(record, RING)


def multipart(data: bytes) -> Mapping[str, str]:
    """Boundary before the first zero byte, body behind it."""
    boundary, _, body = data.partition(b"\0")
    fields = bodies.MultipartFields(boundary)
    for start in range(0, len(body), 7_000):
        fields.feed(body[start : start + 7_000])
    return fields.texts


def arguments(data: bytes) -> object:
    """Content type, query and body, apart by zero bytes: arguments, and the token in them."""
    kind, query, body = (*data.split(b"\0", 2), b"", b"")[:3]
    content_type = kind.decode("latin-1")
    bodies.query_token(query)
    bodies.body_token(content_type, body)
    return bodies.arguments(query, content_type, body)


def content_type(data: bytes) -> object:
    """A header as it stands in a request."""
    return bodies.split_type(data.decode("latin-1"))


def ordered(data: bytes) -> orders.Orders:
    """Orders of these bytes, signed as they are."""
    return orders.open_orders(data, KEY.key_id, KEY.sign("orders", data), RING)


def reported(data: bytes) -> object:
    """A piece of what a cell counted, held against what may be kept."""
    piece = forms.piece_from_wire(wire.ReportTrafficRequest.FromString(data))
    told.check_piece(piece, NOW_S)
    return piece


def of_officers(data: bytes) -> object:
    """What operators and officers write: an invitation, a halt, a password, a code, apart by zero bytes."""
    words = [text(word) for word in data.split(b"\0")]
    name, role, jurisdiction, scope, value, reason, password, code = (*words, *[""] * 8)[:8]
    officers.check_officer(name, role.split(","), jurisdiction.split(","))
    halts.check_halt(scope, value, reason)
    return officers.check_password(password), officers.check_totp_code(code)


def worded(data: bytes) -> object:
    """One text as everything that a directory takes words for."""
    word, refused = text(data), 0
    checks = (names.check_name, names.check_code, names.check_word, names.check_url)
    for check in checks:
        try:
            check(word, "a field")
        except InvalidError:
            refused += 1
    try:
        names.check_checkpoint(word)
    except InvalidError:
        refused += 1
    if refused > len(checks):
        raise InvalidError(field="word", why="none of them")
    return refused


def signed(data: bytes) -> object:
    """A signature before what it is said to be of."""
    signing.verify_plain(KEY.public, data[64:], data[:64])
    signing.verify_plain(data[:32], data, data[:64])
    return signing.verify_signature(KEY.public, "handover", data[64:], data[:64])


def included(data: bytes) -> object:
    """A leaf, then the hashes of its proof."""
    proof = [data[at : at + 32] for at in range(64, len(data), 32)]
    return ledger.verify_inclusion(data[:64], len(data) % 7, 1 + len(data) % 9, proof, data[:32])


def deep_error(data: bytes) -> object:
    """The trailer of a refused call."""
    return error_detail.error_from_wire(data)


def admission(data: bytes) -> object:
    """What an operator or a cell sends to the directory, as its forms read it."""
    try:
        request = wire.AdmitRequest.FromString(data)
        forms.require_context(request.context)
        keys = cells.check_keys(request.cell.name, tuple(map(forms.key_from_wire, request.keys)))
        return keys, cells.check_cell(forms.cell_from_wire(request.cell))
    except DecodeError:
        raise InvalidError(field="message", why="not to be read") from None


ADMIT = wire.AdmitRequest(
    cell=wire.Cell(
        name="de-fra", jurisdiction="DE", region="eu", operator="o", addresses=["a:1"], authority=b"pem"
    ),
    keys=[
        wire.Key(
            cell="de-fra",
            purposes=["*"],
            key_id=KEY.key_id,
            public_key=KEY.public,
            not_after_s=9,
            state=wire.KEY_STATE_ACTIVE,
        )
    ],
)
ADMIT.context.request_id = "r"
ERROR = error_detail.error_to_wire(StaleEpochError(retry_after_ms=10))
FORM = b"application/x-www-form-urlencoded\0token=a&b=%20c\0d=e"
PARTS = (
    b'x\0--x\r\nContent-Disposition: form-data; name="token"\r\n\r\nabc\r\n'
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--x--\r\n"
)
CURSOR = encoding.b64url(encoding.canonical_json(["DE", "email", "k", "00ff"])).encode()

TARGETS: dict[str, Target] = {
    "ids": Target(
        ("accord.ids.check_id", "accord.ids.kind_of", "accord.ids.is_secret"),
        [b"T00000000000A", b"USLACKBOT", b"Rl0A"],
        lambda data: ids.check_id(text(data)),
    ),
    "canonical JSON": Target(
        ("accord.encoding.parse_canonical",),
        [b'{"a":[1,"x",null,true],"b":-9223372036854775807}', b"[]"],
        lambda data: encoding.parse_canonical(data, 100_000),
        write=encoding.canonical_json,
    ),
    "base64url": Target(
        ("accord.encoding.unb64url",),
        [b"AAAA", b"_-8"],
        lambda data: encoding.unb64url(text(data)),
        write=lambda value: encoding.b64url(value).encode(),
    ),
    "tokens": Target(
        ("accord.identity.verify_token", "accord.identity.token_prefix"),
        [mint(KEY, "xoxp-", TOKEN).encode()],
        lambda data: identity.verify_token(text(data), RING, NOW_S),
        REFUSED_TOKENS,
    ),
    "tokens, signed again": Target(
        ("accord.identity.verify_token",),
        [encoding.canonical_json({**TOKEN, "k": KEY.key_id})],
        signed_token,
        REFUSED_TOKENS,
    ),
    "tickets, signed again": Target(
        ("accord.identity.verify_ticket",),
        [encoding.canonical_json({**TICKET, "k": KEY.key_id})],
        lambda data: identity.verify_ticket(resigned("rtm", data), "rtm", RING, NOW_S),
        REFUSED_TOKENS,
    ),
    "identity tokens, signed again": Target(
        ("accord.identity.verify_identity",),
        [encoding.unb64url(IDENTITY.partition(".")[0])],
        lambda data: identity.verify_identity(resigned("identity", data), RING, NOW_S, "us-iad"),
        REFUSED_TOKENS,
    ),
    "hand-over records": Target(
        ("accord.handover.verify_handover",), [HANDOVER], lambda data: identity.verify_handover(data, RING)
    ),
    "hand-over records, signed again": Target(
        ("accord.handover.verify_handover",), [HANDOVER], signed_handover
    ),
    "checkpoints of ledgers": Target(
        ("accord.ledger.open_checkpoint",),
        [CHECKPOINT.encode()],
        lambda data: ledger.open_checkpoint(text(data), [ledger.NoteKey("demo/de-fra", KEY.public, "log")]),
    ),
    "tiles of ledgers": Target(
        ("accord.tiles.parse_entry_bundle",),
        [tiles.entry_bundle([b"a" * 64, b"b"])],
        lambda data: tiles.parse_entry_bundle(data, 2),
        write=tiles.entry_bundle,
    ),
    "records of routes": Target(
        ("accord.routes.verify_route",),
        [DELTA],
        lambda data: routes.verify_route(RING, KEY.key_id, b"0" * 32, data, data[:64]),
    ),
    "errors on the wire": Target(("accord.runtime.error_detail.error_from_wire",), [ERROR], deep_error, ()),
    "certificates": Target(
        ("accord.runtime.mtls.peer_of",),
        [CERTIFICATE],
        lambda data: mtls.peer_of(data, TRUST),
        (PeerRefusedError,),
    ),
    "signatures": Target(
        ("accord.signing.verify_signature", "accord.signing.verify_plain"),
        [KEY.sign("handover", b"x") + b"x"],
        signed,
        (),
    ),
    "proofs of inclusion": Target(("accord.ledger.verify_inclusion",), [b"l" * 64 + b"h" * 96], included, ()),
    "words of the directory": Target(
        (
            "directory.domain.names.check_name",
            "directory.domain.names.check_code",
            "directory.domain.names.check_word",
            "directory.domain.names.check_url",
            "directory.domain.names.check_checkpoint",
        ),
        [b"de-fra", b"DE", b"http://localhost:1", CHECKPOINT.encode()],
        worded,
    ),
    "orders, signed again": Target(
        ("accord.orders.open_orders",),
        [
            orders.Orders().to_bytes(),
            orders.Orders(
                7, (orders.Halt(1, "jurisdiction", "US", NOW_S),), frozenset({"de-fra", "fra"})
            ).to_bytes(),
        ],
        ordered,
        write=orders.Orders.to_bytes,
    ),
    "words of officers": Target(
        (
            "directory.domain.officers.check_officer",
            "directory.domain.officers.check_password",
            "directory.domain.officers.check_totp_code",
            "directory.domain.halts.check_halt",
        ),
        [
            b"de-one\0officer,counsel\0DE,AT\0jurisdiction\0US\0why\0a long enough password\x00123456",
            b"eve\0auditor\0*\0workspace\0T00000000000A\0why\0a long enough password\x00000000",
        ],
        of_officers,
    ),
    "cursors of claims": Target(
        ("directory.domain.claims.place_of",), [CURSOR, b""], lambda data: claims.place_of(text(data))
    ),
    "forms of the directory": Target(
        ("directory.entrypoints.grpc.forms.key_from_wire", "directory.domain.cells.check_keys"),
        [ADMIT.SerializeToString()],
        admission,
    ),
    "kinds of flows": Target(
        ("residency_policies.traffic.read_kind",), [KIND], traffic.read_kind, write=traffic.Kind.to_bytes
    ),
    "traffic of cells": Target(
        ("directory.entrypoints.grpc.forms.piece_from_wire", "directory.domain.traffic.check_piece"),
        [REPORT.SerializeToString()],
        reported,
        (InvalidError, DecodeError),
    ),
    "words about shadows": Target(
        ("directory.domain.shadows.check_state",),
        [b"s" * 32 + b"signature"],
        lambda data: shadows.check_state(data[:32], text(data[32:])),
    ),
    "deltas of routes": Target(
        ("edge.adapters.directory.parsing.parse_delta",), [DELTA], parsing.parse_delta
    ),
    "route journals": Target(
        ("edge.domain.journal.read_journal",),
        [RECORD.encode(), RECORD.encode() * 2, b""],
        lambda data: journal.read_journal(data, None, lambda _, record: record.signature == b"s" * 64),
        (journal.JournalBrokenError,),
    ),
    "content types": Target(
        ("edge.entrypoints.http.bodies.split_type",),
        [
            b"multipart/form-data; boundary=x",
            b"application/json; charset=utf-8",
            b"a/b; boundary*=utf-8''x; boundary*0*=y",
        ],
        content_type,
        (),
    ),
    "multipart at the edge": Target(
        ("edge.entrypoints.http.bodies.MultipartFields.feed",), [PARTS], multipart
    ),
    "arguments at the edge": Target(
        (
            "edge.entrypoints.http.bodies.arguments",
            "edge.entrypoints.http.bodies.query_token",
            "edge.entrypoints.http.bodies.body_token",
        ),
        [FORM, b'application/json\0\0{"a":1}', b"multipart/form-data; boundary=x\0\0" + PARTS[2:]],
        arguments,
    ),
    "ranges of files": Target(
        ("edge.entrypoints.http.files._range",),
        [b"bytes=0-9", b"bytes=5-"],
        lambda data: files._range(text(data)),
        (),
    ),
    "paths of webhooks": Target(
        ("edge.entrypoints.http.webhooks.named",),
        [b"/services/T00000000000A/B00000000000A/" + b"A" * 28],
        lambda data: webhooks.named(text(data)),
        (),
    ),
}
