"""Names of the API methods that cells answer: what is not here is `unknown_method` without asking anybody."""

METHODS: frozenset[str] = frozenset(
    """
    api.test auth.test auth.revoke team.info
    chat.postMessage chat.postEphemeral chat.meMessage chat.update chat.delete chat.getPermalink
    chat.scheduleMessage chat.deleteScheduledMessage chat.scheduledMessages.list
    conversations.create conversations.list conversations.info conversations.join conversations.leave
    conversations.invite conversations.members conversations.history conversations.replies conversations.mark
    conversations.open conversations.close conversations.kick conversations.rename conversations.setTopic
    conversations.setPurpose conversations.archive conversations.unarchive
    users.list users.info users.lookupByEmail users.profile.get users.profile.set users.conversations
    users.getPresence users.setPresence
    reactions.add reactions.remove reactions.get reactions.list files.getUploadURLExternal
    files.completeUploadExternal files.info files.list files.delete
    search.messages rtm.connect ext.search ext.sessions.list ext.sessions.revoke
    admin.users.setExpiration admin.users.getExpiration
    ext.webhooks.create ext.webhooks.list ext.webhooks.remove
    """.split()  # noqa: SIM905 - read as prose
)

READS: frozenset[str] = frozenset(
    """
    api.test auth.test team.info chat.getPermalink chat.scheduledMessages.list
    conversations.list conversations.info conversations.members
    conversations.history conversations.replies users.list users.info users.lookupByEmail users.profile.get
    users.conversations users.getPresence reactions.get reactions.list files.info files.list search.messages
    ext.search ext.sessions.list
    ext.webhooks.list admin.users.getExpiration
    """.split()  # noqa: SIM905 - read as prose
)
"""Methods that change nothing: cancelled when their client leaves. All others are finished, and the home cell
is told that the answer was lost, so that the same request coming again is not done twice.
"""

ORDERING: frozenset[str] = frozenset({"ext.sessions.revoke"})
"""Methods whose answers come with orders for other cells, which the edge carries before it answers."""

TOKENLESS: frozenset[str] = frozenset({"api.test"})
"""Methods that need no token; the edge answers them itself."""
