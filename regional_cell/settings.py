"""Settings of a cell: TOML file, environment over it; keys from the secrets folder alone.

Files in the secrets folder: `keys__signing_seed` and `keys__cell_key` (64 hex digits a line, the one in use
first, see `accord/runtime/key_files.py`), `keys__ledger_seed` (64 hex digits) and `lookup_keys.json` (a list
of {attribute, jurisdiction, key_id, key}).

Invariants
    1. Nothing has a default that would let a cell run without keys, certificates, a jurisdiction or a data
       folder.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, field_validator

from accord.identity import SigningKey
from accord.runtime.key_files import parse_keys
from accord.runtime.settings import (
    Address,
    DirectorySettings,
    Jurisdiction,
    LimitsSettings,
    ListenSettings,
    MtlsSettings,
    Name,
    NodeSettings,
    Section,
)


class CellNodeSettings(NodeSettings):
    """`processes`: how many API processes share this cell's store; each is started with its own
    `--process`.
    """

    plane: Literal["cell"]
    jurisdiction: Jurisdiction
    region: Name
    operator: str = ""
    processes: int = Field(default=1, ge=1, le=64)


class CellListenSettings(ListenSettings):
    """`grpc` for edges, cells and operators; `health` answers `/livez`, `/readyz` and `/metrics`."""

    grpc: Address


class CellDirectorySettings(DirectorySettings):
    """`routes_keys`, `bundle_keys`: public keys (64 hex digits) that may sign route deltas and bundles."""

    routes_keys: tuple[str, ...] = Field(min_length=1)
    bundle_keys: tuple[str, ...] = Field(min_length=1)


class KeysSettings(Section):
    """The cell's secrets: its signing seeds, the keys that wrap data keys, the seed of its ledger's key."""

    signing_seed: SecretBytes
    cell_key: SecretBytes
    ledger_seed: SecretBytes

    @field_validator("signing_seed", "cell_key", "ledger_seed")
    @classmethod
    def _check_key(cls, key: SecretBytes) -> SecretBytes:
        parse_keys(key.get_secret_value())
        return key

    @field_validator("ledger_seed")
    @classmethod
    def _check_one(cls, key: SecretBytes) -> SecretBytes:
        if len(parse_keys(key.get_secret_value())) > 1:
            raise ValueError("more than one key")
        return key

    def signing_keys(self) -> tuple[SigningKey, ...]:
        """Sign tokens, tickets, identities and hand-overs; the first that is admitted does."""
        return tuple(map(SigningKey.from_seed, parse_keys(self.signing_seed.get_secret_value())))

    def ledger_key(self) -> SigningKey:
        """Signs checkpoints of the ledger."""
        return SigningKey.from_seed(*parse_keys(self.ledger_seed.get_secret_value()))

    def cell_keys(self) -> tuple[bytes, ...]:
        """32 bytes each: the first wraps residents' data keys, all unwrap them."""
        return parse_keys(self.cell_key.get_secret_value())


class StoresSettings(Section):
    """`sql_url`: SQLAlchemy URL of the store; empty: `cell.db` in the data folder. `room_mib_max`: what the
    data folder may hold, as it is told to the directory; 0: as much as its disk.
    """

    sql_url: str = ""
    room_mib_max: int = Field(default=0, ge=0, le=1_000_000_000)


class WriterSettings(Section):
    """Commands in a batch, commands that may wait (half of them of one resident), and for how long."""

    batch_max: int = Field(default=512, ge=1, le=4096)
    queue_max: int = Field(default=8192, ge=2, le=1_000_000)
    wait_ms: int = Field(default=10_000, ge=100, le=120_000)


class SocketsSettings(Section):
    """`resume_events_max`: a longer absence is answered with a fresh start."""

    resume_events_max: int = Field(default=10_000, ge=0, le=100_000)
    mark_s: float = Field(default=5.0, gt=0, le=60)


class SearchSettings(Section):
    """Deadlines of searches over cells."""

    first_answer_ms: int = Field(default=300, ge=10, le=10_000)
    tail_ms: int = Field(default=1500, ge=10, le=60_000)


class PasswordsSettings(Section):
    """Work of one password hash (argon2id), never below what OWASP's Password Storage Cheat Sheet asks for:
    19 MiB and two passes. Hashes that were made before keep the work that they were made with.
    """

    memory_mib: int = Field(default=64, ge=19, le=1024)
    passes: int = Field(default=3, ge=2, le=16)


class CellSettings(BaseModel):
    """All sections. `links`: cell or region name to a round trip in ms that is added (demonstrations,
    tests).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    node: CellNodeSettings
    listen: CellListenSettings
    mtls: MtlsSettings
    directory: CellDirectorySettings
    keys: KeysSettings
    stores: StoresSettings = StoresSettings()
    writer: WriterSettings = WriterSettings()
    sockets: SocketsSettings = SocketsSettings()
    limits: LimitsSettings = LimitsSettings()
    search: SearchSettings = SearchSettings()
    passwords: PasswordsSettings = PasswordsSettings()
    links: dict[str, float] = Field(default_factory=dict)

    @property
    def sql_url(self) -> str:
        """The store's URL."""
        return self.stores.sql_url or f"sqlite:///{(self.node.data_dir / 'cell.db').resolve()}"

    @property
    def trust_domain(self) -> str:
        """`<cell>.<federation>`."""
        return f"{self.node.name}.{self.node.federation}"


def lookup_keys_file(secrets_dir: Path | None) -> Path | None:
    """Where the lookup keys are."""
    return secrets_dir / "lookup_keys.json" if secrets_dir is not None else None
