from accord.wire.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StatusRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ...) -> None: ...

class StatusResponse(_message.Message):
    __slots__ = ("cell", "state", "residents", "events", "bundle_version", "tails_behind", "sockets", "checkpoint")
    class TailsBehindEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    CELL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESIDENTS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TAILS_BEHIND_FIELD_NUMBER: _ClassVar[int]
    SOCKETS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    cell: str
    state: str
    residents: int
    events: int
    bundle_version: int
    tails_behind: _containers.ScalarMap[str, int]
    sockets: int
    checkpoint: str
    def __init__(self, cell: _Optional[str] = ..., state: _Optional[str] = ..., residents: _Optional[int] = ..., events: _Optional[int] = ..., bundle_version: _Optional[int] = ..., tails_behind: _Optional[_Mapping[str, int]] = ..., sockets: _Optional[int] = ..., checkpoint: _Optional[str] = ...) -> None: ...

class DrainCellRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ...) -> None: ...

class DrainCellResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class KeysRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ...) -> None: ...

class SigningKey(_message.Message):
    __slots__ = ("key_id", "public_key", "held", "signs", "state", "purposes", "not_before_s", "not_after_s")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    SIGNS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_S_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_S_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    public_key: bytes
    held: bool
    signs: bool
    state: str
    purposes: _containers.RepeatedScalarFieldContainer[str]
    not_before_s: int
    not_after_s: int
    def __init__(self, key_id: _Optional[str] = ..., public_key: _Optional[bytes] = ..., held: _Optional[bool] = ..., signs: _Optional[bool] = ..., state: _Optional[str] = ..., purposes: _Optional[_Iterable[str]] = ..., not_before_s: _Optional[int] = ..., not_after_s: _Optional[int] = ...) -> None: ...

class SealingKey(_message.Message):
    __slots__ = ("key_id", "wraps", "data_keys")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    WRAPS_FIELD_NUMBER: _ClassVar[int]
    DATA_KEYS_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    wraps: bool
    data_keys: int
    def __init__(self, key_id: _Optional[str] = ..., wraps: _Optional[bool] = ..., data_keys: _Optional[int] = ...) -> None: ...

class KeysResponse(_message.Message):
    __slots__ = ("cell", "signing", "sealing", "lost")
    CELL_FIELD_NUMBER: _ClassVar[int]
    SIGNING_FIELD_NUMBER: _ClassVar[int]
    SEALING_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    cell: str
    signing: _containers.RepeatedCompositeFieldContainer[SigningKey]
    sealing: _containers.RepeatedCompositeFieldContainer[SealingKey]
    lost: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cell: _Optional[str] = ..., signing: _Optional[_Iterable[_Union[SigningKey, _Mapping]]] = ..., sealing: _Optional[_Iterable[_Union[SealingKey, _Mapping]]] = ..., lost: _Optional[_Iterable[str]] = ...) -> None: ...

class WrapAgainRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ...) -> None: ...

class RotateDataKeysRequest(_message.Message):
    __slots__ = ("context", "residents")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RESIDENTS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    residents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., residents: _Optional[_Iterable[str]] = ...) -> None: ...

class KeysProgress(_message.Message):
    __slots__ = ("done", "changed", "failed")
    class FailedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DONE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    done: int
    changed: int
    failed: _containers.ScalarMap[str, str]
    def __init__(self, done: _Optional[int] = ..., changed: _Optional[int] = ..., failed: _Optional[_Mapping[str, str]] = ...) -> None: ...

class PersonSpec(_message.Message):
    __slots__ = ("email", "real_name", "display_name", "title", "phone", "tz", "locale", "password")
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    REAL_NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    TZ_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    email: str
    real_name: str
    display_name: str
    title: str
    phone: str
    tz: str
    locale: str
    password: str
    def __init__(self, email: _Optional[str] = ..., real_name: _Optional[str] = ..., display_name: _Optional[str] = ..., title: _Optional[str] = ..., phone: _Optional[str] = ..., tz: _Optional[str] = ..., locale: _Optional[str] = ..., password: _Optional[str] = ...) -> None: ...

class CreatePersonsRequest(_message.Message):
    __slots__ = ("context", "establishment", "persons")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    ESTABLISHMENT_FIELD_NUMBER: _ClassVar[int]
    PERSONS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    establishment: str
    persons: _containers.RepeatedCompositeFieldContainer[PersonSpec]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., establishment: _Optional[str] = ..., persons: _Optional[_Iterable[_Union[PersonSpec, _Mapping]]] = ...) -> None: ...

class CreatedPerson(_message.Message):
    __slots__ = ("person", "reason")
    PERSON_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    person: str
    reason: str
    def __init__(self, person: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CreatePersonsResponse(_message.Message):
    __slots__ = ("persons",)
    PERSONS_FIELD_NUMBER: _ClassVar[int]
    persons: _containers.RepeatedCompositeFieldContainer[CreatedPerson]
    def __init__(self, persons: _Optional[_Iterable[_Union[CreatedPerson, _Mapping]]] = ...) -> None: ...

class CreateOrganisationRequest(_message.Message):
    __slots__ = ("context", "name", "establishment")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ESTABLISHMENT_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    name: str
    establishment: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., name: _Optional[str] = ..., establishment: _Optional[str] = ...) -> None: ...

class CreateOrganisationResponse(_message.Message):
    __slots__ = ("organisation",)
    ORGANISATION_FIELD_NUMBER: _ClassVar[int]
    organisation: str
    def __init__(self, organisation: _Optional[str] = ...) -> None: ...

class AttachWorkspaceRequest(_message.Message):
    __slots__ = ("context", "organisation", "workspace")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    ORGANISATION_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    organisation: str
    workspace: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., organisation: _Optional[str] = ..., workspace: _Optional[str] = ...) -> None: ...

class AttachWorkspaceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CreateWorkspaceRequest(_message.Message):
    __slots__ = ("context", "name", "slug", "organisation", "organisation_name", "establishment", "subjects", "tags")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    ORGANISATION_FIELD_NUMBER: _ClassVar[int]
    ORGANISATION_NAME_FIELD_NUMBER: _ClassVar[int]
    ESTABLISHMENT_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    name: str
    slug: str
    organisation: str
    organisation_name: str
    establishment: str
    subjects: _containers.RepeatedScalarFieldContainer[str]
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., name: _Optional[str] = ..., slug: _Optional[str] = ..., organisation: _Optional[str] = ..., organisation_name: _Optional[str] = ..., establishment: _Optional[str] = ..., subjects: _Optional[_Iterable[str]] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateWorkspaceResponse(_message.Message):
    __slots__ = ("workspace", "general", "random")
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    GENERAL_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    workspace: str
    general: str
    random: str
    def __init__(self, workspace: _Optional[str] = ..., general: _Optional[str] = ..., random: _Optional[str] = ...) -> None: ...

class UserSpec(_message.Message):
    __slots__ = ("person", "name", "card", "role", "linked_workspaces", "scopes", "channels", "expires_s", "jurisdiction")
    PERSON_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CARD_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    LINKED_WORKSPACES_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_S_FIELD_NUMBER: _ClassVar[int]
    JURISDICTION_FIELD_NUMBER: _ClassVar[int]
    person: str
    name: str
    card: PersonSpec
    role: str
    linked_workspaces: _containers.RepeatedScalarFieldContainer[str]
    scopes: _containers.RepeatedScalarFieldContainer[str]
    channels: _containers.RepeatedScalarFieldContainer[str]
    expires_s: int
    jurisdiction: str
    def __init__(self, person: _Optional[str] = ..., name: _Optional[str] = ..., card: _Optional[_Union[PersonSpec, _Mapping]] = ..., role: _Optional[str] = ..., linked_workspaces: _Optional[_Iterable[str]] = ..., scopes: _Optional[_Iterable[str]] = ..., channels: _Optional[_Iterable[str]] = ..., expires_s: _Optional[int] = ..., jurisdiction: _Optional[str] = ...) -> None: ...

class AddUsersRequest(_message.Message):
    __slots__ = ("context", "workspace", "users")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    workspace: str
    users: _containers.RepeatedCompositeFieldContainer[UserSpec]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., workspace: _Optional[str] = ..., users: _Optional[_Iterable[_Union[UserSpec, _Mapping]]] = ...) -> None: ...

class AddedUser(_message.Message):
    __slots__ = ("user", "token")
    USER_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    user: str
    token: str
    def __init__(self, user: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...

class AddUsersResponse(_message.Message):
    __slots__ = ("users",)
    USERS_FIELD_NUMBER: _ClassVar[int]
    users: _containers.RepeatedCompositeFieldContainer[AddedUser]
    def __init__(self, users: _Optional[_Iterable[_Union[AddedUser, _Mapping]]] = ...) -> None: ...

class DeactivateUsersRequest(_message.Message):
    __slots__ = ("context", "workspace", "users")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    workspace: str
    users: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., workspace: _Optional[str] = ..., users: _Optional[_Iterable[str]] = ...) -> None: ...

class DeactivateUsersResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReactivateUsersRequest(_message.Message):
    __slots__ = ("context", "workspace", "users")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    workspace: str
    users: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., workspace: _Optional[str] = ..., users: _Optional[_Iterable[str]] = ...) -> None: ...

class ReactivateUsersResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PersonLink(_message.Message):
    __slots__ = ("person", "workspace", "user")
    PERSON_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    person: str
    workspace: str
    user: str
    def __init__(self, person: _Optional[str] = ..., workspace: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class LinkPersonsRequest(_message.Message):
    __slots__ = ("context", "links")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    LINKS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    links: _containers.RepeatedCompositeFieldContainer[PersonLink]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., links: _Optional[_Iterable[_Union[PersonLink, _Mapping]]] = ...) -> None: ...

class LinkPersonsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ChannelSpec(_message.Message):
    __slots__ = ("name", "private", "creator", "members", "topic", "purpose")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    name: str
    private: bool
    creator: str
    members: _containers.RepeatedScalarFieldContainer[str]
    topic: str
    purpose: str
    def __init__(self, name: _Optional[str] = ..., private: _Optional[bool] = ..., creator: _Optional[str] = ..., members: _Optional[_Iterable[str]] = ..., topic: _Optional[str] = ..., purpose: _Optional[str] = ...) -> None: ...

class CreateChannelsRequest(_message.Message):
    __slots__ = ("context", "workspace", "channels")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    workspace: str
    channels: _containers.RepeatedCompositeFieldContainer[ChannelSpec]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., workspace: _Optional[str] = ..., channels: _Optional[_Iterable[_Union[ChannelSpec, _Mapping]]] = ...) -> None: ...

class CreateChannelsResponse(_message.Message):
    __slots__ = ("channels",)
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, channels: _Optional[_Iterable[str]] = ...) -> None: ...

class ImportedReaction(_message.Message):
    __slots__ = ("user", "name")
    USER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    user: str
    name: str
    def __init__(self, user: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ImportedMessage(_message.Message):
    __slots__ = ("channel", "user", "text", "thread", "reactions")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    THREAD_FIELD_NUMBER: _ClassVar[int]
    REACTIONS_FIELD_NUMBER: _ClassVar[int]
    channel: str
    user: str
    text: str
    thread: int
    reactions: _containers.RepeatedCompositeFieldContainer[ImportedReaction]
    def __init__(self, channel: _Optional[str] = ..., user: _Optional[str] = ..., text: _Optional[str] = ..., thread: _Optional[int] = ..., reactions: _Optional[_Iterable[_Union[ImportedReaction, _Mapping]]] = ...) -> None: ...

class ImportMessagesRequest(_message.Message):
    __slots__ = ("context", "workspace", "messages")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    workspace: str
    messages: _containers.RepeatedCompositeFieldContainer[ImportedMessage]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., workspace: _Optional[str] = ..., messages: _Optional[_Iterable[_Union[ImportedMessage, _Mapping]]] = ...) -> None: ...

class ImportMessagesResponse(_message.Message):
    __slots__ = ("ts",)
    TS_FIELD_NUMBER: _ClassVar[int]
    ts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ts: _Optional[_Iterable[str]] = ...) -> None: ...

class InstallAppRequest(_message.Message):
    __slots__ = ("context", "workspace", "name", "scopes", "channels", "webhook_channel")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    workspace: str
    name: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    channels: _containers.RepeatedScalarFieldContainer[str]
    webhook_channel: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., workspace: _Optional[str] = ..., name: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., channels: _Optional[_Iterable[str]] = ..., webhook_channel: _Optional[str] = ...) -> None: ...

class InstallAppResponse(_message.Message):
    __slots__ = ("app", "bot", "bot_user", "bot_token", "app_token", "signing_secret", "client_id", "client_secret", "webhook_path")
    APP_FIELD_NUMBER: _ClassVar[int]
    BOT_FIELD_NUMBER: _ClassVar[int]
    BOT_USER_FIELD_NUMBER: _ClassVar[int]
    BOT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    APP_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SIGNING_SECRET_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_SECRET_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_PATH_FIELD_NUMBER: _ClassVar[int]
    app: str
    bot: str
    bot_user: str
    bot_token: str
    app_token: str
    signing_secret: str
    client_id: str
    client_secret: str
    webhook_path: str
    def __init__(self, app: _Optional[str] = ..., bot: _Optional[str] = ..., bot_user: _Optional[str] = ..., bot_token: _Optional[str] = ..., app_token: _Optional[str] = ..., signing_secret: _Optional[str] = ..., client_id: _Optional[str] = ..., client_secret: _Optional[str] = ..., webhook_path: _Optional[str] = ...) -> None: ...

class CreateWebhookRequest(_message.Message):
    __slots__ = ("context", "workspace", "app", "channel")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    APP_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    workspace: str
    app: str
    channel: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., workspace: _Optional[str] = ..., app: _Optional[str] = ..., channel: _Optional[str] = ...) -> None: ...

class CreateWebhookResponse(_message.Message):
    __slots__ = ("webhook", "path")
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    webhook: str
    path: str
    def __init__(self, webhook: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class RemoveWebhookRequest(_message.Message):
    __slots__ = ("context", "workspace", "webhook")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    workspace: str
    webhook: str
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., workspace: _Optional[str] = ..., webhook: _Optional[str] = ...) -> None: ...

class RemoveWebhookResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class IssueTokensRequest(_message.Message):
    __slots__ = ("context", "resident", "users", "scopes")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    resident: str
    users: _containers.RepeatedScalarFieldContainer[str]
    scopes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., resident: _Optional[str] = ..., users: _Optional[_Iterable[str]] = ..., scopes: _Optional[_Iterable[str]] = ...) -> None: ...

class IssueTokensResponse(_message.Message):
    __slots__ = ("tokens",)
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    tokens: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tokens: _Optional[_Iterable[str]] = ...) -> None: ...

class SignInTicketsRequest(_message.Message):
    __slots__ = ("context", "persons")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    PERSONS_FIELD_NUMBER: _ClassVar[int]
    context: _common_pb2.RequestContext
    persons: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, context: _Optional[_Union[_common_pb2.RequestContext, _Mapping]] = ..., persons: _Optional[_Iterable[str]] = ...) -> None: ...

class SignInTicketsResponse(_message.Message):
    __slots__ = ("tickets",)
    TICKETS_FIELD_NUMBER: _ClassVar[int]
    tickets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tickets: _Optional[_Iterable[str]] = ...) -> None: ...
