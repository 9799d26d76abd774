"""The keys of a cell: read from their files again and again, and looked after by operators."""

from pathlib import Path

from accord.runtime.key_files import KeyFile
from accord.runtime.metrics import Metrics
from accord.signing import SigningKey, SigningKeys
from regional_cell.bootstrap.directory import DirectorySide
from regional_cell.bootstrap.stores import Stores
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.keys import Keys
from regional_cell.settings import CellSettings


def key_files(
    settings: CellSettings, secrets_dir: Path | None, stores: Stores, signing: SigningKeys, metrics: Metrics
) -> list[KeyFile]:
    """The files that may be exchanged under a running process."""
    if secrets_dir is None:
        return []

    def sign_with(seeds: tuple[bytes, ...]) -> None:
        keys = [SigningKey.from_seed(seed) for seed in seeds]
        signing.replace(keys)
        stores.take_signing_keys(keys)

    def count(purpose: str, outcome: str) -> None:
        metrics.count("colink_keys_total", purpose=purpose, outcome=outcome)

    keys = settings.keys
    seeds = [key.seed() for key in keys.signing_keys()]
    return [
        KeyFile(secrets_dir / "keys__signing_seed", "signing", seeds, sign_with, count),
        KeyFile(secrets_dir / "keys__cell_key", "sealing", keys.cell_keys(), stores.take_cell_keys, count),
    ]


def make_keys(
    cell: str, stores: Stores, directory: DirectorySide, commits: GroupCommits, metrics: Metrics
) -> Keys:
    """The service for operators."""

    def count(outcome: str, number: int) -> None:
        metrics.count("colink_keys_total", number, purpose="data", outcome=outcome)

    return Keys(
        cell,
        directory.signing,
        directory.routes.key_ring,
        stores.cell_keys,
        stores.data_keys,
        stores.sealer,
        commits,
        stores.log,
        count,
    )
