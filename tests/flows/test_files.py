"""Files go up and come down through any edge, byte for byte, for those who may see them."""

import hashlib
import random

import pytest

from tests.support.clients import Plain, async_web, web
from tests.support.federation import RunningDemo
from tests.support.rooms import Person, room

EDGES = ("fra", "iad", "bom")
BLOB = random.Random("a file").randbytes(300_000)


def fetch(demo: RunningDemo, edge: str, token: str, address: str, **headers: str) -> tuple[int, bytes]:
    """Download a file's address through an edge."""
    path = address.split("/files-pri/", 1)[1]
    with Plain(demo.edge(edge), token) as plain:
        answer = plain.send("GET", f"{plain.url}/files-pri/{path}", headers=headers)
        return answer.status, answer.body


@pytest.mark.parametrize("name", EDGES)
async def test_a_file_uploaded_through_any_edge_comes_down_from_all(
    demo: RunningDemo, anna: Person, jonas: Person, name: str
) -> None:
    channel = room(demo, anna, jonas)
    data = BLOB + name.encode()
    synchronous = web(demo.edge(name), anna.token).files_upload_v2(
        channel=channel, content=data, filename="blob.bin", title="A blob", initial_comment="look"
    )
    asynchronous = await async_web(demo.edge(name), anna.token).files_upload_v2(
        channel=channel, content=data, filename="again.bin", title="Again"
    )
    message = web(demo.edge("fra"), jonas.token).conversations_history(channel=channel, limit=1)["messages"][
        0
    ]
    assert [file["title"] for file in message["files"]] == ["Again"]
    for answer in (synchronous, asynchronous):
        file = answer["files"][0]
        assert file["size"] == len(data)
        for edge in EDGES:
            status, body = fetch(demo, edge, jonas.token, file["url_private"])
            assert status == 200
            assert hashlib.sha256(body).digest() == hashlib.sha256(data).digest()


def test_the_third_shape_of_an_upload_stores_the_same_bytes(demo: RunningDemo, anna: Person) -> None:
    channel = room(demo, anna)
    with Plain(demo.edge("iad"), anna.token) as plain:
        offer = plain.done("files.getUploadURLExternal", filename="part.bin", length=len(BLOB))
        sent = plain.send("POST", offer["upload_url"], files={"body": ("Untitled", BLOB)})
        assert (sent.status, sent.body) == (200, f"OK - {len(BLOB)}".encode())
        done = plain.done(
            "files.completeUploadExternal", files=[{"id": offer["file_id"]}], channel_id=channel
        )
    assert fetch(demo, "bom", anna.token, done["files"][0]["url_private"]) == (200, BLOB)


def test_a_part_of_a_file_can_be_asked_for(demo: RunningDemo, anna: Person) -> None:
    answer = web(demo.edge("fra"), anna.token).files_upload_v2(content=BLOB, filename="range.bin")
    address = answer["files"][0]["url_private"]
    assert fetch(demo, "fra", anna.token, address, range="bytes=1000-1999") == (206, BLOB[1000:2000])


def test_nobody_else_gets_the_bytes(demo: RunningDemo, anna: Person, jonas: Person) -> None:
    answer = web(demo.edge("fra"), anna.token).files_upload_v2(content=b"mine alone", filename="mine.txt")
    address = answer["files"][0]["url_private"]
    assert fetch(demo, "fra", anna.token, address) == (200, b"mine alone")
    outsider = demo.person("initech")["token"]
    refused = {fetch(demo, "fra", token, address) for token in (jonas.token, outsider)}
    team = demo.workspace("acme")["id"]
    unknown = fetch(demo, "fra", jonas.token, f"/files-pri/{team}-FUNKNOWN00000/x")
    assert refused == {unknown}
    assert unknown[0] == 404
    assert fetch(demo, "fra", "", address)[0] == 401


@pytest.mark.parametrize(("length", "said"), [(10, b"x" * 9), (10, b"x" * 11), (10, b"")])
def test_bytes_of_another_length_than_offered_are_refused(
    demo: RunningDemo, anna: Person, length: int, said: bytes
) -> None:
    with Plain(demo.edge("fra"), anna.token) as plain:
        offer = plain.done("files.getUploadURLExternal", filename="x", length=length)
        sent = plain.send("POST", offer["upload_url"], content=said)
        assert sent.status == 400
        assert sent.fields["ok"] is False
        done = plain.call("files.completeUploadExternal", files=[{"id": offer["file_id"]}])
        assert done.error == "file_not_found"


def test_an_upload_address_is_good_for_its_own_file_and_workspace_only(
    demo: RunningDemo, anna: Person
) -> None:
    with Plain(demo.edge("fra"), anna.token) as plain:
        offer = plain.done("files.getUploadURLExternal", filename="x", length=3)
        start, _, ticket = offer["upload_url"].rpartition("/")
        other = demo.workspace("globex")["id"]
        elsewhere = start.rpartition("/")[0] + f"/{other}/{ticket}"
        assert plain.send("POST", elsewhere, content=b"abc").status == 401
        assert plain.send("POST", f"{start}/{ticket[:-3]}AAA", content=b"abc").status == 401
        assert plain.send("POST", offer["upload_url"], content=b"abc").status == 200
        done = plain.done("files.completeUploadExternal", files=[{"id": offer["file_id"]}])
    assert fetch(demo, "fra", anna.token, done["files"][0]["url_private"]) == (200, b"abc")
