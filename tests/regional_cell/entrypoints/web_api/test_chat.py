"""`chat.*`: posting, threads, edits, deletes and what sockets hear of them."""

from dataclasses import replace

from tests.regional_cell.entrypoints.web_api.support_cell import (
    ANN,
    APP,
    BOB,
    BOT,
    BOT_USER,
    CID,
    GENERAL,
    GUS,
    RANDOM,
    SECRET,
    Cell,
)


async def test_what_somebody_does_is_a_message_of_its_own_kind(cell: Cell) -> None:
    body = await cell.ok(BOB, "chat.meMessage", channel=GENERAL, text="waves & smiles")
    assert set(body) == {"ok", "channel", "ts"}
    (topic, frame), *_ = cell.recorder.heard
    assert (topic, frame["subtype"], frame["user"], frame["ts"]) == (GENERAL, "me_message", BOB, body["ts"])
    (kept, *_) = (await cell.ok(CID, "conversations.history", channel=GENERAL))["messages"]
    assert (kept["subtype"], kept["text"]) == ("me_message", "waves &amp; smiles")
    await cell.ok(BOB, "chat.update", channel=GENERAL, ts=body["ts"], text="sleeps")
    (kept, *_) = (await cell.ok(CID, "conversations.history", channel=GENERAL))["messages"]
    assert (kept["subtype"], kept["text"]) == ("me_message", "sleeps")
    for arguments, code in (
        ({"channel": GENERAL}, "no_text"), ({"channel": GENERAL, "text": " "}, "no_text"),
        ({"channel": GENERAL, "text": "x" * 40_001}, "msg_too_long"), ({"text": "x"}, "channel_not_found"),
        ({"channel": "general", "text": "x"}, "channel_not_found"),
        ({"channel": SECRET, "text": "x"}, "channel_not_found"),
        ({"channel": BOB, "text": "x"}, "channel_not_found"),
    ):  # fmt: skip
        assert await cell.error(BOB, "chat.meMessage", **arguments) == code
    assert await cell.error(BOT_USER, "chat.meMessage", channel=RANDOM, text="x") == "not_in_channel"


async def test_a_posted_message_is_answered_told_and_kept_alike(cell: Cell) -> None:
    posted = await cell.ok(BOB, "chat.postMessage", channel="#general", text="hi https://a.example & <b>")
    assert posted["channel"] == GENERAL
    assert posted["message"]["text"] == "hi <https://a.example> &amp; &lt;b&gt;"
    (kept, *_) = (await cell.ok(ANN, "conversations.history", channel=GENERAL))["messages"]
    assert kept == posted["message"]
    topic, frame = cell.recorder.heard[-1]
    assert topic == GENERAL
    assert frame == {**kept, "channel": GENERAL, "channel_type": "channel", "event_ts": kept["ts"]}


async def test_posting_the_returned_text_gives_the_same_text(cell: Cell) -> None:
    text = "a & b <https://x.example|x> <!date^1392734382^{date}^https://x.example|then> &lt;c&gt;"
    first = (await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text=text))["message"]["text"]
    again = (await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text=first))["message"]["text"]
    assert again == first
    assert "<!date^1392734382^{date}^https://x.example|then>" in first


async def test_the_same_client_key_is_one_message_with_the_same_answer(cell: Cell) -> None:
    first = await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text="once", client_msg_id="k-1")
    second = await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text="other words", client_msg_id="k-1")
    assert second == first
    other = await cell.ok(CID, "chat.postMessage", channel=GENERAL, text="once", client_msg_id="k-1")
    assert other["ts"] != first["ts"]


async def test_the_key_of_a_deleted_message_never_posts_again(cell: Cell) -> None:
    first = await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text="gone", client_msg_id="k-2")
    await cell.ok(BOB, "chat.delete", channel=GENERAL, ts=first["ts"])
    late = await cell.ok(BOB, "chat.postMessage", channel=GENERAL, text="gone", client_msg_id="k-2")
    assert late["ts"] == first["ts"]
    history = (await cell.ok(ANN, "conversations.history", channel=GENERAL))["messages"]
    assert first["ts"] not in [message["ts"] for message in history]


async def test_a_lost_answer_is_given_again_once_and_only_when_it_was_lost(cell: Cell) -> None:
    first = await cell.answer(BOB, "chat.postMessage", channel=GENERAL, text="hello")
    meant = await cell.answer(BOB, "chat.postMessage", channel=GENERAL, text="hello")
    assert meant.body != first.body
    cell.api.note_lost(meant.digest)
    again = await cell.answer(BOB, "chat.postMessage", channel=GENERAL, text="hello")
    assert again.body == meant.body
    assert (await cell.answer(BOB, "chat.postMessage", channel=GENERAL, text="hello")).body != meant.body
    cell.api.note_lost(again.digest)
    cell.clock.advance(61)
    late = await cell.answer(BOB, "chat.postMessage", channel=GENERAL, text="hello")
    assert late.body not in (first.body, meant.body, again.body)


async def test_a_bot_posts_with_its_card_and_under_another_name_only_by_scope(cell: Cell) -> None:
    message = (await cell.ok(BOT_USER, "chat.postMessage", channel=GENERAL, text="built"))["message"]
    assert (message["user"], message["bot_id"], message["app_id"]) == (BOT_USER, BOT, APP)
    assert message["bot_profile"]["name"] == "Deploy Bot"
    named = (
        await cell.ok(
            BOT_USER, "chat.postMessage", channel=GENERAL, text="x", username="Ci", icon_emoji=":tada:"
        )
    )["message"]
    assert (named["subtype"], named["username"], named["icons"]) == ("bot_message", "Ci", {"emoji": ":tada:"})
    poor = replace(cell.caller(BOT_USER), scopes=frozenset({"chat:write"}))
    refused = await cell.call(poor, "chat.postMessage", channel=GENERAL, text="x", username="Ci")
    assert (refused["error"], refused["needed"], refused["provided"]) == (
        "missing_scope",
        "chat:write.customize",
        "chat:write",
    )


async def test_replies_count_on_their_root_and_stay_out_of_the_main_line(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    first = await cell.post(BOB, GENERAL, "one", thread_ts=root)
    shown = await cell.ok(
        CID, "chat.postMessage", channel=GENERAL, text="two", thread_ts=first, reply_broadcast=True
    )
    assert shown["message"]["thread_ts"] == root
    assert shown["message"]["parent_user_id"] == ANN
    line = (await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=2))["messages"]
    assert [message["text"] for message in line] == ["two", "root"]
    assert line[0]["subtype"] == "thread_broadcast"
    assert line[0]["root"]["ts"] == root
    assert (line[1]["reply_count"], line[1]["reply_users"]) == (2, [BOB, CID])
    assert line[1]["latest_reply"] == shown["ts"]
    thread = (await cell.ok(ANN, "conversations.replies", channel=GENERAL, ts=first))["messages"]
    assert [message["text"] for message in thread] == ["root", "one", "two"]
    replied = [body for _, body in cell.recorder.heard if body.get("subtype") == "message_replied"]
    assert [body["message"]["reply_count"] for body in replied] == [1, 2]
    assert replied[1]["message"]["latest_reply"] == shown["ts"]


async def test_an_edit_keeps_the_ts_and_is_told_with_what_stood_before(cell: Cell) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "old"}}]
    ts = await cell.post(
        BOB, GENERAL, "old", blocks=blocks, metadata={"event_type": "e", "event_payload": {"a": 1.5}}
    )
    assert "metadata" not in cell.recorder.heard[-1][1]
    answer = await cell.ok(BOB, "chat.update", channel=GENERAL, ts=ts, text="new")
    assert (answer["ts"], answer["text"], answer["message"]["edited"]["user"]) == (ts, "new", BOB)
    assert "blocks" not in answer["message"]
    frame = cell.recorder.heard[-1][1]
    assert (frame["subtype"], frame["message"]["text"], frame["previous_message"]["text"]) == (
        "message_changed",
        "new",
        "old",
    )
    assert frame["previous_message"]["blocks"][0]["text"]["text"] == "old"
    (kept,) = (await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=1))["messages"]
    assert kept == answer["message"]
    (shown,) = (
        await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=1, include_all_metadata=1)
    )["messages"]
    assert shown["metadata"] == {"event_type": "e", "event_payload": {"a": 1.5}}
    await cell.ok(BOB, "chat.update", channel=GENERAL, ts=ts, text="newer", metadata={})
    (shown,) = (
        await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=1, include_all_metadata=1)
    )["messages"]
    assert "metadata" not in shown


async def test_a_reply_can_be_shown_in_the_main_line_later(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    reply = await cell.post(BOB, GENERAL, "reply", thread_ts=root)
    await cell.ok(BOB, "chat.update", channel=GENERAL, ts=reply, text="reply", reply_broadcast=True)
    line = (await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=1))["messages"]
    assert (line[0]["ts"], line[0]["subtype"]) == (reply, "thread_broadcast")
    assert await cell.error(ANN, "chat.update", channel=GENERAL, ts=root, text="x", reply_broadcast=1) == (
        "cant_broadcast_message"
    )


async def test_a_deleted_reply_leaves_its_thread_and_a_deleted_root_a_tombstone(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    one = await cell.post(BOB, GENERAL, "one", thread_ts=root)
    two = await cell.post(BOB, GENERAL, "two", thread_ts=root)
    await cell.ok(BOB, "chat.delete", channel=GENERAL, ts=two)
    assert cell.recorder.heard[-1][1]["deleted_ts"] == two
    assert cell.recorder.heard[-1][1]["previous_message"]["text"] == "two"
    (shown,) = (await cell.ok(ANN, "conversations.history", channel=GENERAL, limit=1))["messages"]
    assert (shown["reply_count"], shown["latest_reply"]) == (1, one)
    await cell.ok(ANN, "chat.delete", channel=GENERAL, ts=root)
    frame = cell.recorder.heard[-1][1]
    assert (frame["subtype"], frame["message"]["subtype"]) == ("message_changed", "tombstone")
    gone, reply = (await cell.ok(ANN, "conversations.replies", channel=GENERAL, ts=root))["messages"]
    assert (gone["text"], gone["user"], gone["hidden"]) == ("This message was deleted.", "USLACKBOT", True)
    assert (gone["reply_count"], reply["text"]) == (1, "one")
    line = (await cell.ok(ANN, "conversations.history", channel=GENERAL))["messages"]
    assert root not in [message["ts"] for message in line]
    assert await cell.error(ANN, "chat.delete", channel=GENERAL, ts=root) == "message_not_found"


async def test_who_may_not_change_a_message_is_told_so(cell: Cell) -> None:
    ts = await cell.post(BOB, GENERAL, "mine")
    assert await cell.error(CID, "chat.update", channel=GENERAL, ts=ts, text="x") == "cant_update_message"
    assert await cell.error(ANN, "chat.update", channel=GENERAL, ts=ts, text="x") == "cant_update_message"
    assert await cell.error(CID, "chat.delete", channel=GENERAL, ts=ts) == "cant_delete_message"
    await cell.ok(ANN, "chat.delete", channel=GENERAL, ts=ts)
    assert await cell.error(BOB, "chat.update", channel=GENERAL, ts=ts, text="x") == "message_not_found"


async def test_a_private_channel_is_unknown_to_others_to_the_last_byte(cell: Cell) -> None:
    unknown = "C00000000000X"
    for method, arguments in (
        ("chat.postMessage", {"text": "x"}),
        ("chat.postMessage", {"text": "x", "thread_ts": "1.0"}),
        ("conversations.history", {}),
        ("conversations.info", {}),
        ("conversations.members", {}),
        ("conversations.join", {}),
        ("conversations.replies", {"ts": "1.0"}),
        ("conversations.mark", {"ts": "1.0"}),
        ("conversations.leave", {}),
        ("conversations.invite", {"users": CID}),
        ("chat.update", {"ts": "1.0", "text": "x"}),
        ("chat.delete", {"ts": "1.0"}),
        ("chat.getPermalink", {"message_ts": "1.0"}),
        ("reactions.add", {"timestamp": "1.0", "name": "eyes"}),
        ("reactions.get", {"timestamp": "1.0"}),
    ):
        foreign = await cell.answer(BOB, method, channel=SECRET, **arguments)
        nothing = await cell.answer(BOB, method, channel=unknown, **arguments)
        assert foreign.body == nothing.body == b'{"ok":false,"error":"channel_not_found"}', method
        assert foreign.status == nothing.status
    assert await cell.error(GUS, "conversations.history", channel=GENERAL) == "channel_not_found"
    assert await cell.error(BOT_USER, "conversations.history", channel=RANDOM) == "not_in_channel"


async def test_posting_to_a_user_opens_one_conversation_for_both(cell: Cell) -> None:
    first = await cell.ok(BOB, "chat.postMessage", channel=CID, text="psst")
    second = await cell.ok(CID, "chat.postMessage", channel="@bob", text="yes?")
    assert first["channel"] == second["channel"]
    assert first["channel"].startswith("D")
    assert await cell.error(ANN, "conversations.history", channel=first["channel"]) == "channel_not_found"
    assert await cell.error(BOB, "chat.postMessage", channel="@nobody", text="x") == "channel_not_found"


async def test_a_channel_that_one_is_not_in_takes_no_post(cell: Cell) -> None:
    made = (await cell.ok(ANN, "conversations.create", name="side"))["channel"]["id"]
    assert await cell.error(BOB, "chat.postMessage", channel=made, text="x") == "not_in_channel"
    assert await cell.error(GUS, "chat.postMessage", channel=made, text="x") == "channel_not_found"
    assert (await cell.ok(BOB, "conversations.history", channel=made))["ok"]


async def test_permalinks_name_thread_and_message(cell: Cell) -> None:
    root = await cell.post(ANN, GENERAL, "root")
    reply = await cell.post(BOB, GENERAL, "one", thread_ts=root)
    url = (await cell.ok(BOB, "auth.test"))["url"]
    link = (await cell.ok(BOB, "chat.getPermalink", channel=GENERAL, message_ts=root))["permalink"]
    assert link == f"{url}archives/{GENERAL}/p{root.replace('.', '')}"
    link = (await cell.ok(BOB, "chat.getPermalink", channel=GENERAL, message_ts=reply))["permalink"]
    assert link.endswith(f"/p{reply.replace('.', '')}?thread_ts={root}&cid={GENERAL}")


async def test_attachments_are_numbered_and_given_a_fallback(cell: Cell) -> None:
    sent = [{"color": "#36a64f", "title": "a &amp; b"}, {"fallback": "mine", "text": "x", "fields": []}]
    posted = await cell.ok(BOB, "chat.postMessage", channel=GENERAL, attachments=sent)
    assert posted["message"]["attachments"] == [
        {"color": "36a64f", "title": "a &amp; b", "id": 1, "fallback": "a & b"},
        {"fallback": "mine", "text": "x", "fields": [], "id": 2},
    ]
