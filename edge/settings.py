"""Settings of the edge. Keys and lookup keys come from files; nothing here is secret."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from accord.runtime.settings import (
    Address,
    DirectorySettings,
    LimitsSettings,
    ListenSettings,
    MtlsSettings,
    NodeSettings,
    Section,
)


class EdgeListenSettings(ListenSettings):
    """`http` serves everything but sockets. Without the two files the public ports speak plain HTTP
    (development).
    """

    http: Address = "127.0.0.1:0"
    socket: Address = "127.0.0.1:0"
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None


class PublicSettings(Section):
    """Addresses that clients are given: `http(s)://host:port`, `ws(s)://host:port`; empty: from the bound
    ports.
    """

    url: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    socket_url: str = Field(default="", pattern=r"^(wss?://[^/\s]+)?$")


class EdgeDirectorySettings(DirectorySettings):
    """`routes_keys`, `bundle_keys`: public keys (64 hex digits) that may sign route deltas and bundles."""

    routes_keys: tuple[str, ...] = Field(min_length=1)
    bundle_keys: tuple[str, ...] = Field(min_length=1)


class RoutesSettings(Section):
    """Age of the journal beyond which it is not served from, and how long a miss is kept."""

    age_h_max: int = Field(default=72, ge=1, le=24 * 365)
    miss_kept_s: float = Field(default=5, gt=0, le=60)
    compact_mib: int = Field(default=64, ge=1, le=4096)


class SocketsSettings(Section):
    """Bounds of sockets; `ping_s`: between pings, a socket that is silent for three times as long is cut;
    `retry_ms_max`: the jitter within which clients are asked to come back.
    """

    send_queue_kib_max: int = Field(default=256, ge=16, le=65_536)
    ping_s: int = Field(default=15, ge=1, le=300)
    sockets_max: int = Field(default=50_000, ge=1)
    retry_ms_max: int = Field(default=4_000, ge=0, le=600_000)


class CallsSettings(Section):
    """Bounds of calls to cells, and of requests under way at this edge; `slow_body_s`: a body that comes
    slower than 1 KiB a second for twice as long is not waited for.
    """

    deadline_ms: int = Field(default=10_000, ge=100, le=120_000)
    concurrency_max: int = Field(default=6_144, ge=1)
    requests_max: int = Field(default=12_288, ge=1)
    slow_body_s: float = Field(default=20, ge=1, le=600)
    wait_for_stream_ms: int = Field(default=1_500, ge=0, le=10_000)


class SignInSettings(Section):
    """Attempts to sign in per client address and minute. `lookup_keys_file`: None: in the secrets folder."""

    attempts_per_minute: int = Field(default=30, ge=1)
    lookup_keys_file: Path | None = None


class EdgeSettings(BaseModel):
    """All sections. `links`: cell or region name to a round trip in ms that is added (demonstrations,
    tests).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    node: NodeSettings
    listen: EdgeListenSettings = EdgeListenSettings()
    public: PublicSettings = PublicSettings()
    mtls: MtlsSettings
    directory: EdgeDirectorySettings
    routes: RoutesSettings = RoutesSettings()
    sockets: SocketsSettings = SocketsSettings()
    calls: CallsSettings = CallsSettings()
    sign_in: SignInSettings = SignInSettings()
    limits: LimitsSettings = LimitsSettings()
    links: dict[str, float] = Field(default_factory=dict)
