"""What joins a cell to the directory: routes, policies, the writing door and the watches that keep them
fresh.
"""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from accord.clock import Clock
from accord.errors import InvalidError
from accord.identity import KeyRing, RingKey, key_id_of
from accord.runtime.metrics import Metrics
from accord.runtime.mtls import MtlsFiles, Trust
from accord.runtime.settings import SettingsError
from accord.signing import SigningKeys
from regional_cell.adapters.directory.client import DirectoryClient
from regional_cell.adapters.directory.door import DirectoryWriter
from regional_cell.adapters.directory.lookup import LookupKeys, read_lookup_keys
from regional_cell.adapters.directory.policies import BundlePolicies
from regional_cell.adapters.directory.records import RecordFiles
from regional_cell.adapters.directory.room import DataRoom
from regional_cell.adapters.directory.routes import RouteTable
from regional_cell.adapters.directory.shadows import ShadowBundle
from regional_cell.adapters.directory.watch import Watches
from regional_cell.ports.directory import DirectoryDoor
from regional_cell.settings import CellSettings, lookup_keys_file

SOFTWARE = "colink"
TIME_MAX_S = 2**53


class DirectorySide:
    """Made from settings; `watches.run` keeps it fresh.

    Args:
        checkpoint, load: told with every announcement.
    """

    def __init__(
        self,
        settings: CellSettings,
        lookup: LookupKeys,
        mtls: MtlsFiles,
        trust: Trust,
        clock: Clock,
        metrics: Metrics,
        process: int,
        checkpoint: Callable[[], Awaitable[str]],
        load: Callable[[], float],
    ) -> None:
        node, directory = settings.node, settings.directory
        faults: list[str] = []
        routes_ring = _ring(directory.routes_keys, "directory.routes_keys", faults)
        bundle_ring = _ring(directory.bundle_keys, "directory.bundle_keys", faults)
        if faults:
            raise SettingsError(faults)
        folder = node.data_dir / "routes"
        files = RecordFiles(folder / f"process-{process}" if process else folder)
        country, age_s_max = node.jurisdiction.partition("-")[0], node.bundle_age_h_max * 3600.0
        self.routes = RouteTable(routes_ring, node.name)
        self.policies = BundlePolicies(files, bundle_ring, clock, node.region, country, age_s_max)
        self.shadow = ShadowBundle(self.policies, bundle_ring, clock)
        self.client = DirectoryClient(
            directory.addresses, mtls, trust, directory.trust_domain, lambda: self.policies.version
        )
        ring, now_s = self.routes.key_ring, lambda: clock.now_us() // 1_000_000
        self.signing = SigningKeys(settings.keys.signing_keys(), ring, now_s)
        self.door: DirectoryDoor = DirectoryWriter(self.client, self.signing, lookup, node.name)
        self.watches = Watches(
            self.client,
            self.routes,
            self.policies,
            self.shadow,
            files,
            metrics,
            cell=node.name,
            software=SOFTWARE,
            backoff_s_max=directory.watch_backoff_s_max,
            checkpoint=checkpoint,
            load=load,
            room=DataRoom(node.data_dir, settings.stores.room_mib_max * 2**20).look,
            jitter=random.random,
        )


def read_secrets(settings: CellSettings, secrets_dir: Path | None) -> LookupKeys:
    """Lookup keys of the cell's jurisdiction. Raises SettingsError: a cell without keys does not start."""
    file = lookup_keys_file(secrets_dir)
    if file is None:
        raise SettingsError(["lookup_keys.json: there is no secrets folder"])
    faults: list[str] = []
    lookup = read_lookup_keys(file, settings.node.jurisdiction, faults)
    if faults:
        raise SettingsError(faults)
    return lookup


def _ring(keys: tuple[str, ...], name: str, faults: list[str]) -> KeyRing:
    found: dict[str, RingKey] = {}
    for text in keys:
        try:
            public = bytes.fromhex(text)
        except ValueError:
            public = b""
        if len(public) != 32:
            faults.append(f"{name}: a key has 64 hex digits")
            continue
        key_id = key_id_of(public)
        found[key_id] = RingKey("directory", "*", key_id, public, 0, TIME_MAX_S)
    try:
        return KeyRing(found.values())
    except InvalidError:
        faults.append(f"{name}: not a set of keys")
        return KeyRing()
