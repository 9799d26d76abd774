"""The first schema, as stores of this version hold it: what changes later is a step of its own."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = """
    CREATE TABLE apps (resident TEXT NOT NULL, app TEXT NOT NULL, bot TEXT, bot_user TEXT, scopes
        TEXT, created_s INTEGER, updated_s INTEGER, deleted INTEGER, content BLOB, PRIMARY KEY
        (resident, app)) WITHOUT ROWID, STRICT;
    CREATE TABLE channels (resident TEXT NOT NULL, channel TEXT NOT NULL, kind TEXT, creator TEXT,
        created_s INTEGER, updated_ms INTEGER, archived INTEGER, general INTEGER, content BLOB,
        PRIMARY KEY (resident, channel)) WITHOUT ROWID, STRICT;
    CREATE TABLE claims (lease TEXT NOT NULL, residents TEXT NOT NULL, at_s INTEGER NOT NULL,
        PRIMARY KEY (lease)) WITHOUT ROWID, STRICT;
    CREATE TABLE contacts (resident TEXT NOT NULL, kind TEXT NOT NULL, content BLOB, PRIMARY KEY
        (resident, kind)) WITHOUT ROWID, STRICT;
    CREATE TABLE credentials (resident TEXT NOT NULL, kind TEXT NOT NULL, set_s INTEGER, content
        BLOB, PRIMARY KEY (resident, kind)) WITHOUT ROWID, STRICT;
    CREATE TABLE data_keys (resident TEXT NOT NULL, key_id TEXT NOT NULL, wrapped BLOB NOT NULL,
        PRIMARY KEY (resident, key_id)) WITHOUT ROWID, STRICT;
    CREATE TABLE events (resident TEXT NOT NULL, sequence INTEGER NOT NULL, epoch INTEGER NOT NULL,
        kind TEXT NOT NULL, schema INTEGER NOT NULL, at_us INTEGER NOT NULL, principal TEXT NOT
        NULL, key_id TEXT NOT NULL, sealed BLOB, commitment BLOB NOT NULL, topics TEXT NOT NULL,
        PRIMARY KEY (resident, sequence)) WITHOUT ROWID, STRICT;
    CREATE TABLE file_shares (resident TEXT NOT NULL, file TEXT NOT NULL, channel TEXT NOT NULL, ts
        INTEGER NOT NULL, user TEXT, thread_ts INTEGER, PRIMARY KEY (resident, file, channel, ts))
        WITHOUT ROWID, STRICT;
    CREATE INDEX file_shares_by_channel_ts ON file_shares (resident, channel, ts);
    CREATE TABLE files (resident TEXT NOT NULL, file TEXT NOT NULL, user TEXT, state TEXT, created_s
        INTEGER, bytes INTEGER, sha256 BLOB, object_key TEXT, category TEXT, due_s INTEGER, content
        BLOB, PRIMARY KEY (resident, file)) WITHOUT ROWID, STRICT;
    CREATE INDEX files_by_created_s ON files (resident, created_s) WHERE created_s IS NOT NULL;
    CREATE INDEX files_by_user ON files (resident, user) WHERE user IS NOT NULL;
    CREATE INDEX files_due ON files (due_s) WHERE due_s IS NOT NULL;
    CREATE TABLE links (resident TEXT NOT NULL, workspace TEXT NOT NULL, user TEXT, since_s INTEGER,
        PRIMARY KEY (resident, workspace)) WITHOUT ROWID, STRICT;
    CREATE TABLE members (resident TEXT NOT NULL, channel TEXT NOT NULL, user TEXT NOT NULL,
        since_us INTEGER, open INTEGER, PRIMARY KEY (resident, channel, user)) WITHOUT ROWID, STRICT;
    CREATE TABLE messages (resident TEXT NOT NULL, channel TEXT NOT NULL, ts INTEGER NOT NULL,
        sequence INTEGER, text_sequence INTEGER, user TEXT, bot TEXT, thread_ts INTEGER, broadcast
        INTEGER, subtype TEXT, hidden INTEGER, client_msg_id TEXT, edited_us INTEGER, edited_by
        TEXT, reply_count INTEGER, latest_reply INTEGER, files INTEGER, PRIMARY KEY (resident,
        channel, ts)) WITHOUT ROWID, STRICT;
    CREATE INDEX messages_by_channel_thread_ts_ts ON messages (resident, channel, thread_ts, ts)
        WHERE thread_ts IS NOT NULL;
    CREATE UNIQUE INDEX messages_one_user_client_msg_id ON messages (resident, user, client_msg_id)
        WHERE user IS NOT NULL AND client_msg_id IS NOT NULL;
    CREATE TABLE organisation_workspaces (resident TEXT NOT NULL, workspace TEXT NOT NULL,
        attached_s INTEGER, PRIMARY KEY (resident, workspace)) WITHOUT ROWID, STRICT;
    CREATE TABLE organisations (resident TEXT NOT NULL, created_s INTEGER, establishment TEXT,
        content BLOB, PRIMARY KEY (resident)) WITHOUT ROWID, STRICT;
    CREATE TABLE people (resident TEXT NOT NULL, created_s INTEGER, establishment TEXT, content
        BLOB, PRIMARY KEY (resident)) WITHOUT ROWID, STRICT;
    CREATE TABLE reactions (resident TEXT NOT NULL, channel TEXT NOT NULL, ts INTEGER NOT NULL, name
        TEXT NOT NULL, user TEXT NOT NULL, at_us INTEGER, PRIMARY KEY (resident, channel, ts, name,
        user)) WITHOUT ROWID, STRICT;
    CREATE INDEX reactions_by_user_at_us ON reactions (resident, user, at_us) WHERE at_us IS NOT
        NULL;
    CREATE TABLE reads (resident TEXT NOT NULL, user TEXT NOT NULL, channel TEXT NOT NULL, last_read
        INTEGER, PRIMARY KEY (resident, user, channel)) WITHOUT ROWID, STRICT;
    CREATE TABLE residents (resident TEXT NOT NULL, kind TEXT NOT NULL, epoch INTEGER NOT NULL,
        state TEXT NOT NULL, head INTEGER NOT NULL, clock_us INTEGER NOT NULL, key_id TEXT NOT NULL,
        establishment TEXT NOT NULL, subjects TEXT NOT NULL, tags TEXT NOT NULL, PRIMARY KEY
        (resident)) WITHOUT ROWID, STRICT;
    CREATE TABLE roles (resident TEXT NOT NULL, person TEXT NOT NULL, role TEXT NOT NULL, since_s
        INTEGER, PRIMARY KEY (resident, person, role)) WITHOUT ROWID, STRICT;
    CREATE TABLE scheduled (resident TEXT NOT NULL, scheduled TEXT NOT NULL, channel TEXT, user
        TEXT, created_s INTEGER, due_s INTEGER, sequence INTEGER, PRIMARY KEY (resident, scheduled))
        WITHOUT ROWID, STRICT;
    CREATE INDEX scheduled_due ON scheduled (due_s) WHERE due_s IS NOT NULL;
    CREATE TABLE sessions (resident TEXT NOT NULL, session TEXT NOT NULL, opened_us INTEGER,
        closed_s INTEGER, content BLOB, PRIMARY KEY (resident, session)) WITHOUT ROWID, STRICT;
    CREATE TABLE tickets_spent (ticket TEXT NOT NULL, until_s INTEGER NOT NULL, PRIMARY KEY
        (ticket)) WITHOUT ROWID, STRICT;
    CREATE TABLE tokens (resident TEXT NOT NULL, token TEXT NOT NULL, sha256 BLOB, kind TEXT, user
        TEXT, person TEXT, app TEXT, scopes TEXT, session TEXT, device TEXT, state TEXT, created_s
        INTEGER, expires_s INTEGER, PRIMARY KEY (resident, token)) WITHOUT ROWID, STRICT;
    CREATE TABLE topics (resident TEXT NOT NULL, topic TEXT NOT NULL, count INTEGER, PRIMARY KEY
        (resident, topic)) WITHOUT ROWID, STRICT;
    CREATE TABLE users (resident TEXT NOT NULL, user TEXT NOT NULL, person TEXT, role TEXT, app
        TEXT, bot TEXT, deleted INTEGER, created_s INTEGER, updated_s INTEGER, due_s INTEGER,
        content BLOB, PRIMARY KEY (resident, user)) WITHOUT ROWID, STRICT;
    CREATE INDEX users_due ON users (due_s) WHERE due_s IS NOT NULL;
    CREATE TABLE webhooks (resident TEXT NOT NULL, webhook TEXT NOT NULL, app TEXT, bot TEXT,
        channel TEXT, creator TEXT, created_s INTEGER, removed_s INTEGER, PRIMARY KEY (resident,
        webhook)) WITHOUT ROWID, STRICT;
    CREATE TABLE workspaces (resident TEXT NOT NULL, created_s INTEGER, establishment TEXT,
        organisation TEXT, general TEXT, content BLOB, PRIMARY KEY (resident)) WITHOUT ROWID, STRICT;
"""


def upgrade() -> None:
    """Create all tables and indexes."""
    for statement in STATEMENTS.split(";"):
        if statement.strip():
            op.execute(statement)
