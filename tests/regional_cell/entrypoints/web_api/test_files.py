"""`files.info`, `files.list`, `files.delete`: seen by those who may, and by others as if there were none."""

from typing import Any

import pytest

from accord.errors import NotReadyError
from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    BOB,
    BOT_USER,
    CID,
    GENERAL,
    GUS,
    RANDOM,
    SECRET,
    TEAM,
    Cell,
)

UNKNOWN = "F00000000000X"


async def listed(cell: Cell, who: str, **arguments: Any) -> list[str]:
    """Ids of the files of a list."""
    return [file["id"] for file in (await cell.ok(who, "files.list", **arguments))["files"]]


async def test_a_file_is_shown_with_what_its_text_says(cell: Cell) -> None:
    file = await cell.upload(BOB, GENERAL, data=b"one\ntwo\n")
    body = await cell.ok(CID, "files.info", file=file)
    assert (body["content"], body["is_truncated"], body["comments"]) == ("one\ntwo\n", False, [])
    assert (body["file"]["id"], body["file"]["user"], body["file"]["channels"]) == (file, BOB, [GENERAL])
    assert body["response_metadata"] == {"next_cursor": ""}
    long = await cell.upload(BOB, data=b"x" * 200_001)
    cut = await cell.ok(BOB, "files.info", file=long)
    assert (len(cut["content"]), cut["is_truncated"]) == (200_000, True)
    picture = await cell.upload(BOB, data=b"\x89PNG", name="a.png")
    assert "content" not in await cell.ok(BOB, "files.info", file=picture)


async def test_a_list_holds_what_the_caller_may_see_newest_first(cell: Cell) -> None:
    files = {}
    for name, who, channels in (
        ("own", BOB, ()), ("open", ANN, (GENERAL,)), ("secret", ANN, (SECRET,)),
        ("both", ANN, (SECRET, RANDOM)),
    ):  # fmt: skip
        cell.clock.advance(1)
        files[name] = await cell.upload(who, *channels)
    names = {file: name for name, file in files.items()}

    async def seen(who: str, **arguments: Any) -> list[str]:
        return [names[file] for file in await listed(cell, who, **arguments)]

    assert await seen(BOB) == ["both", "open", "own"]
    assert await seen(ANN) == ["both", "secret", "open"]
    assert await seen(CID) == ["both", "open"]
    assert await seen(BOT_USER) == ["open"]
    assert await seen(GUS) == []
    assert await seen(ANN, channel=SECRET) == ["both", "secret"]
    assert await seen(BOB, user=ANN) == ["both", "open"]
    assert await seen(BOB, user=BOB) == ["own"]
    (shown, *_) = (await cell.ok(BOB, "files.list"))["files"]
    assert (shown["channels"], shown["groups"]) == ([RANDOM], [])


async def test_lists_are_sifted_by_type_and_time(cell: Cell) -> None:
    picture = await cell.upload(BOB, name="a.png")
    cell.clock.advance(10)
    paper = await cell.upload(BOB, name="b.pdf")
    archive = await cell.upload(BOB, name="c.zip")
    snippet = await cell.upload(BOB, name="d.py", snippet_type="python")
    plain = await cell.upload(BOB, name="e.txt")
    for types, found in (
        ("images", {picture}), ("pdfs", {paper}), ("zips", {archive}), ("snippets", {snippet}),
        ("images,pdfs", {picture, paper}), ("spaces", set()), ("gdocs,zips", {archive}),
        ("all", {picture, paper, archive, snippet, plain}),
    ):  # fmt: skip
        assert set(await listed(cell, BOB, types=types)) == found, types
    created = (await cell.ok(BOB, "files.info", file=picture))["file"]["created"]
    assert await listed(cell, BOB, ts_to=created) == [picture]
    assert picture not in await listed(cell, BOB, ts_from=created + 1)
    assert picture not in await listed(cell, BOB, ts_from=f"{created}.5", ts_to="now")
    assert picture in await listed(cell, BOB, ts_from="0", ts_to=str(created))


async def test_pages_of_a_list_are_numbered(cell: Cell) -> None:
    files: list[str] = []
    for _ in range(3):
        cell.clock.advance(1)
        files.insert(0, await cell.upload(BOB))
    for page, file in enumerate(files, 1):
        body = await cell.ok(BOB, "files.list", count=1, page=page)
        assert [shown["id"] for shown in body["files"]] == [file]
        assert body["paging"] == {"count": 1, "total": 3, "page": page, "pages": 3}
    beyond = await cell.ok(BOB, "files.list", count=1, page=4)
    assert (beyond["files"], beyond["paging"]["page"]) == ([], 4)
    assert (await cell.ok(BOB, "files.list", count=100_000))["paging"]["count"] == 200
    for page in (0, -1, 10**9):
        assert await cell.error(BOB, "files.list", page=page) == "invalid_arguments"


@pytest.mark.parametrize(
    ("who", "arguments", "code"),
    [
        (BOB, {"types": "movies"}, "unknown_type"),
        (BOB, {"types": "none"}, "unknown_type"),
        (BOB, {"user": "U00000000000X"}, "user_not_found"),
        (GUS, {"user": BOB}, "user_not_found"),
        (BOB, {"channel": SECRET}, "channel_not_found"),
        (BOB, {"channel": "C00000000000X"}, "channel_not_found"),
        (BOT_USER, {"channel": RANDOM}, "not_in_channel"),
        (BOB, {"ts_from": "soon"}, "invalid_arguments"),
        (BOB, {"count": "many"}, "invalid_arguments"),
    ],
)
async def test_a_list_that_cannot_be_says_why(
    cell: Cell, who: str, arguments: dict[str, Any], code: str
) -> None:
    assert await cell.error(who, "files.list", **arguments) == code


async def test_a_deleted_file_is_gone_for_everybody_and_said_to_be(cell: Cell) -> None:
    file = await cell.upload(BOB, GENERAL, RANDOM)
    row = await cell.views.row(TEAM, "files", (file,))
    assert row is not None
    (place,) = cell.bytes._root.glob(f"*/{row['object_key']}")
    cell.recorder.heard.clear()
    assert await cell.ok(BOB, "files.delete", file=file) == {"ok": True}
    told = [
        (topic, body["type"], body["file_id"], body["channel_ids"]) for topic, body in cell.recorder.heard
    ]
    assert told == [
        (BOB, "file_deleted", file, [GENERAL, RANDOM]),
        (GENERAL, "file_deleted", file, [GENERAL]),
        (RANDOM, "file_deleted", file, [RANDOM]),
    ]
    for who in (BOB, CID):
        for method in ("files.info", "files.delete"):
            assert await cell.error(who, method, file=file) == "file_deleted"
        assert file not in await listed(cell, who)
        (message, *_) = (await cell.ok(who, "conversations.history", channel=RANDOM))["messages"]
        assert message["files"] == [{"id": file, "mode": "tombstone"}]
    assert await cell.error(BOB, "files.completeUploadExternal", files=[{"id": file}]) == "file_not_found"
    now_s = cell.clock.now_us() // 1_000_000
    assert place.exists()
    assert await cell.files.purge(now_s) == 1
    assert not place.exists()
    assert await cell.files.purge(now_s + 1_000) == 0
    row = await cell.views.row(TEAM, "files", (file,))
    assert row is not None
    assert (row["object_key"], row["due_s"], row["content"]["preview"]) == (None, None, "")


async def test_a_purge_that_was_cut_short_is_finished(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, free = await cell.upload(BOB), await cell.upload(BOB)
    for file in (stuck, free):
        await cell.ok(BOB, "files.delete", file=file)
    keys = {file: await cell.views.row(TEAM, "files", (file,)) for file in (stuck, free)}
    purge = cell.bytes.purge

    async def fails(resident: str, object_key: str) -> None:
        if object_key == keys[stuck]["object_key"]:  # type: ignore[index]
            raise NotReadyError(store="files")
        await purge(resident, object_key)

    now_s = cell.clock.now_us() // 1_000_000
    with monkeypatch.context() as patched:
        patched.setattr(cell.bytes, "purge", fails)
        with pytest.raises(NotReadyError):
            await cell.files.purge(now_s)
    assert [key for _, key in await cell.views.due("files", now_s, 10)] == [(stuck,)]
    # The bytes are gone and the commit is not: as after a crash between the two.
    await purge(TEAM, keys[stuck]["object_key"])  # type: ignore[index]
    assert await cell.files.purge(now_s) == 1


async def test_only_the_owner_and_admins_delete(cell: Cell) -> None:
    file = await cell.upload(BOB, GENERAL)
    assert await cell.error(CID, "files.delete", file=file) == "cant_delete_file"
    await cell.ok(ANN, "files.delete", file=file)
    hidden = await cell.upload(BOB)
    assert await cell.error(ANN, "files.delete", file=hidden) == "file_not_found"
    await cell.ok(BOB, "files.delete", file=hidden)
    assert await cell.error(ANN, "files.info", file=hidden) == "file_not_found"


async def test_a_file_of_others_is_unknown_byte_for_byte(cell: Cell) -> None:
    hidden, secret = await cell.upload(ANN), await cell.upload(ANN, SECRET)
    offered = await cell.ok(BOB, "files.getUploadURLExternal", filename="a", length=1)
    gone = await cell.upload(ANN, SECRET)
    await cell.ok(ANN, "files.delete", file=gone)
    for method in ("files.info", "files.delete"):
        unknown = (hidden, secret, offered["file_id"], gone, UNKNOWN, "no id", "")
        bodies = {(await cell.answer(BOB, method, file=file)).body for file in unknown}
        assert bodies == {b'{"ok":false,"error":"file_not_found"}'}
