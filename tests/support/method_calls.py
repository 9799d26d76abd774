"""How the tests call each method of the API: the one place where its arguments stand.

A method without a row here fails the tests, and the page of clients is made from the same rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MethodCall:
    """One call of a user of a workspace.

    Attributes:
        arguments: `{name}` in a text is filled in by `method_facts.Facts`, fresh where a call uses it up.
        refusal: the error that the call ends in; empty: it is answered ok.
        outer: the answer is what was found: only its outer members are compared.
        role: of the caller, as the demo's ready line has it.
        before: what it changes is changed once before, so that all answers are those of a repetition.
    """

    arguments: Mapping[str, Any]
    refusal: str = ""
    outer: bool = False
    before: bool = False
    role: str = "member"


CALLS: dict[str, MethodCall] = {
    "api.test": MethodCall({"foo": "bar"}),
    "auth.test": MethodCall({}),
    "auth.revoke": MethodCall({"test": True}),
    "team.info": MethodCall({}),
    "chat.postMessage": MethodCall({"channel": "{channel}", "text": "hello"}),
    "chat.postEphemeral": MethodCall({"channel": "{channel}", "user": "{self}", "text": "psst"}),
    "chat.meMessage": MethodCall({"channel": "{channel}", "text": "waves"}),
    "chat.scheduleMessage": MethodCall({"channel": "{channel}", "text": "later", "post_at": "{soon}"}),
    "chat.scheduledMessages.list": MethodCall({"channel": "{scheduled_channel}", "limit": 1}),
    "chat.deleteScheduledMessage": MethodCall(
        {"channel": "{scheduled_channel}", "scheduled_message_id": "{scheduled}"}
    ),
    "chat.update": MethodCall({"channel": "{channel}", "ts": "{ts}", "text": "changed"}),
    "chat.delete": MethodCall({"channel": "{channel}", "ts": "{doomed}"}),
    "chat.getPermalink": MethodCall({"channel": "{channel}", "message_ts": "{ts}"}),
    "conversations.create": MethodCall({"name": "{fresh}"}),
    "conversations.list": MethodCall({"limit": 2}),
    "conversations.info": MethodCall({"channel": "{channel}", "include_num_members": True}),
    "conversations.join": MethodCall({"channel": "{open}"}),
    "conversations.leave": MethodCall({"channel": "{left}"}),
    "conversations.invite": MethodCall({"channel": "{inviting}", "users": "{other}"}),
    "conversations.members": MethodCall({"channel": "{channel}", "limit": 2}),
    "conversations.history": MethodCall({"channel": "{thread_channel}", "limit": 2}),
    "conversations.replies": MethodCall({"channel": "{thread_channel}", "ts": "{thread}", "limit": 2}),
    "conversations.mark": MethodCall({"channel": "{channel}", "ts": "{ts}"}),
    "conversations.open": MethodCall({"users": "{other}", "return_im": True}, before=True),
    "conversations.close": MethodCall({"channel": "{direct}"}),
    "conversations.kick": MethodCall({"channel": "{left}", "user": "{other}"}),
    "conversations.rename": MethodCall({"channel": "{inviting}", "name": "{fresh}"}),
    "conversations.setTopic": MethodCall({"channel": "{channel}", "topic": "{fresh}"}),
    "conversations.setPurpose": MethodCall({"channel": "{channel}", "purpose": "{fresh}"}),
    "conversations.archive": MethodCall({"channel": "{inviting}"}),
    "conversations.unarchive": MethodCall({"channel": "{archived}"}),
    "users.conversations": MethodCall({"user": "{other}", "limit": 1}),
    "users.getPresence": MethodCall({"user": "{other}"}),
    "users.setPresence": MethodCall({"presence": "auto"}),
    "users.list": MethodCall({"limit": 2}),
    "users.info": MethodCall({"user": "{other}"}),
    "users.lookupByEmail": MethodCall({"email": "{email}"}),
    "users.profile.get": MethodCall({"user": "{self}"}),
    "users.profile.set": MethodCall({"profile": {"status_text": "testing"}}),
    "reactions.add": MethodCall({"channel": "{channel}", "timestamp": "{plain}", "name": "eyes"}),
    "reactions.remove": MethodCall({"channel": "{channel}", "timestamp": "{reacted}", "name": "eyes"}),
    "reactions.get": MethodCall({"channel": "{thread_channel}", "timestamp": "{thread}"}),
    "reactions.list": MethodCall({"full": True, "limit": 1}),
    "files.info": MethodCall({"file": "{shared}"}),
    "files.list": MethodCall({"channel": "{file_channel}", "count": 1}),
    "files.delete": MethodCall({"file": "{complete}"}),
    "files.getUploadURLExternal": MethodCall({"filename": "a.txt", "length": 3}),
    "files.completeUploadExternal": MethodCall({"files": [{"id": "{file}", "title": "A"}]}),
    "search.messages": MethodCall({"query": "hello"}, outer=True),
    "rtm.connect": MethodCall({}),
    "ext.search": MethodCall({"query": "hello"}, outer=True),
    "ext.sessions.list": MethodCall({}, outer=True),
    "admin.users.setExpiration": MethodCall({"user_id": "{guest}", "expiration_ts": 0}, role="admin"),
    "admin.users.getExpiration": MethodCall({"user_id": "{guest}"}, role="admin"),
    "ext.webhooks.create": MethodCall({"app": "{app}", "channel": "{channel}"}, role="admin"),
    "ext.webhooks.list": MethodCall({}, role="admin", outer=True),
    "ext.webhooks.remove": MethodCall({"webhook": "{webhook}"}, role="admin"),
    "ext.sessions.revoke": MethodCall({"session": "none"}, refusal="session_not_found"),
}
