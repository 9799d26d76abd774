"""Settings of the directory: TOML file, environment over it, two key files in the secrets folder.

Invariants
    1. Nothing has a default that would let the directory run without keys, certificates or a data folder.
"""

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, field_validator

from accord.identity import SigningKey
from accord.runtime.settings import ListenSettings, MtlsSettings, NodeSettings, Section

_SEED = re.compile(rb"[0-9a-f]{64}")


class StoresSettings(Section):
    """`sql_url`: SQLite or PostgreSQL by SQLAlchemy's URL; empty: `directory.db` in the data folder."""

    sql_url: str = ""


class PoliciesSettings(Section):
    """`dir`: folder of documents (`*.yaml`, `*.yml`, `*.json`) for the first start; empty: the built-in ones.
    `acknowledge_s`: how long a cell or an edge may take over a new bundle before it is cut off from
    crossings.
    """

    dir: Path | None = None
    acknowledge_s: int = Field(default=10, ge=1, le=3_600)

    @field_validator("dir", mode="before")
    @classmethod
    def _read_empty(cls, folder: object) -> object:
        return None if folder == "" else folder


class KeysSettings(Section):
    """Ed25519 seeds, 64 hex characters each, in the files `keys__routes_seed`, `keys__bundle_seed` and
    `keys__log_seed`; 32 bytes in the same form, which seal officers' second factors, in `keys__officers_key`.
    """

    routes_seed: SecretBytes
    bundle_seed: SecretBytes
    log_seed: SecretBytes
    officers_key: SecretBytes

    @field_validator("routes_seed", "bundle_seed", "log_seed", "officers_key")
    @classmethod
    def _check_seed(cls, seed: SecretBytes) -> SecretBytes:
        if not _SEED.fullmatch(seed.get_secret_value()):
            raise ValueError("not 64 hex characters")
        return seed

    def routes_key(self) -> SigningKey:
        """Signs records of the route table."""
        return SigningKey.from_seed(bytes.fromhex(self.routes_seed.get_secret_value().decode("ascii")))

    def bundle_key(self) -> SigningKey:
        """Signs bundles."""
        return SigningKey.from_seed(bytes.fromhex(self.bundle_seed.get_secret_value().decode("ascii")))

    def log_key(self) -> SigningKey:
        """Signs checkpoints of the policy log."""
        return SigningKey.from_seed(bytes.fromhex(self.log_seed.get_secret_value().decode("ascii")))

    def sealing_key(self) -> bytes:
        """Seals officers' second factors."""
        return bytes.fromhex(self.officers_key.get_secret_value().decode("ascii"))


class OfficersSettings(Section):
    """The doors of officers. They carry passwords, so on an address that is not of this machine alone they
    stay shut until `behind_tls` says that whoever listens there ends TLS before the directory.

    `attempts_per_minute`: sign-ins by one address, and for one name; `memory_mib`, `passes`: work of a
    password's hash (argon2id), never below 19 MiB and two passes.
    """

    behind_tls: bool = False
    attempts_per_minute: int = Field(default=10, ge=1, le=10_000)
    memory_mib: int = Field(default=64, ge=19, le=1024)
    passes: int = Field(default=3, ge=2, le=16)


class ClaimsSettings(Section):
    """`lease_s`: life of a lease; `find_per_minute`: indexes that one edge may look up."""

    lease_s: int = Field(default=60, ge=1, le=3_600)
    find_per_minute: int = Field(default=600, ge=1, le=1_000_000)


class RegionSettings(Section):
    """One `[[regions]]` table: a place where machines stand."""

    id: str = Field(pattern=r"^[a-z](-?[a-z0-9]){1,39}$")
    country: str = Field(pattern=r"^[A-Z]{2}$")
    subdivision: str = ""
    operator: str = ""


class DirectoryPlaneSettings(BaseModel):
    """All sections. An empty list of regions: the built-in catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    node: NodeSettings
    listen: ListenSettings
    mtls: MtlsSettings
    keys: KeysSettings
    stores: StoresSettings = StoresSettings()
    policies: PoliciesSettings = PoliciesSettings()
    claims: ClaimsSettings = ClaimsSettings()
    officers: OfficersSettings = OfficersSettings()
    regions: tuple[RegionSettings, ...] = ()

    @property
    def sql_url(self) -> str:
        """The store's URL, with the default in the data folder."""
        return self.stores.sql_url or f"sqlite:///{self.node.data_dir / 'directory.db'}"

    @property
    def officers_may_enter(self) -> bool:
        """Whether passwords may come in by the HTTP face."""
        host = (self.listen.http or "").rpartition(":")[0].strip("[]")
        return self.officers.behind_tls or host in ("127.0.0.1", "::1", "localhost")
