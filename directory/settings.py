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
    """`dir`: folder of documents (`*.yaml`, `*.yml`, `*.json`); empty: the built-in ones."""

    dir: Path | None = None

    @field_validator("dir", mode="before")
    @classmethod
    def _read_empty(cls, folder: object) -> object:
        return None if folder == "" else folder


class KeysSettings(Section):
    """Ed25519 seeds, 64 hex characters each, in the files `keys__routes_seed` and `keys__bundle_seed`."""

    routes_seed: SecretBytes
    bundle_seed: SecretBytes

    @field_validator("routes_seed", "bundle_seed")
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
    regions: tuple[RegionSettings, ...] = ()

    @property
    def sql_url(self) -> str:
        """The store's URL, with the default in the data folder."""
        return self.stores.sql_url or f"sqlite:///{self.node.data_dir / 'directory.db'}"
