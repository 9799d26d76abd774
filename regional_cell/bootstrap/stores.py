"""The stores of a cell and what guards them: keys, database, index, files, ledger, doorbell, lead."""

import asyncio
import os
from collections.abc import Sequence

from accord.clock import Clock
from accord.errors import NotReadyError
from accord.runtime.logs import get_logger
from accord.runtime.metrics import Metrics
from accord.runtime.settings import SettingsError
from accord.signing import SigningKey
from regional_cell.adapters.local.doorbell import LocalDoorbell
from regional_cell.adapters.local.files import LocalFiles
from regional_cell.adapters.local.intercom import LocalIntercom
from regional_cell.adapters.local.keys import CellKeys
from regional_cell.adapters.local.lead import Lead
from regional_cell.adapters.local.ledger import FolderLedger
from regional_cell.adapters.local.random_stock import RandomStock
from regional_cell.adapters.local.resume import ResumeSealer
from regional_cell.adapters.local.sealer import LocalSealer
from regional_cell.adapters.local.search_fts5 import Fts5Index
from regional_cell.adapters.metered import MeteredLedger, MeteredLog
from regional_cell.adapters.sql.credentials import SqlCredentials
from regional_cell.adapters.sql.data_keys import SqlDataKeys
from regional_cell.adapters.sql.database import LOG_PAGES_MAX, Checkpointer, Database
from regional_cell.adapters.sql.log import SqlLog
from regional_cell.adapters.sql.records import SqlPendingLeases, SqlSpentTickets
from regional_cell.adapters.sql.traffic import SqlTraffic
from regional_cell.adapters.sql.views import SqlViews
from regional_cell.domain.cursors import CursorKey
from regional_cell.settings import CellSettings


class Stores:
    """Made from settings; `open` and `close` belong to the process.

    Args:
        process: number of this process. All processes of a cell write one ledger, one at a time.
    """

    def __init__(self, settings: CellSettings, clock: Clock, metrics: Metrics, process: int) -> None:
        data_dir, keys = settings.node.data_dir, settings.keys
        self.cell_keys = CellKeys(*keys.cell_keys())
        self.resume = ResumeSealer(*keys.cell_keys())
        self.cursors = CursorKey(*map(_cursor_key, keys.signing_keys()))
        self.database = Database(settings.sql_url)
        self.data_keys = SqlDataKeys(self.database)
        self.sealer = LocalSealer(self.cell_keys, RandomStock(), self.data_keys.find)
        self.log = MeteredLog(SqlLog(self.database, self.sealer), metrics)
        self.views = SqlViews(self.database, self.sealer)
        self.credentials = SqlCredentials(self.database, self.sealer)
        self.spent, self.leases = SqlSpentTickets(self.database, clock), SqlPendingLeases(self.database)
        self.traffic = SqlTraffic(self.database)
        self.index = Fts5Index(data_dir / "search.db")
        self.files = LocalFiles(data_dir / "files", self.sealer)
        run = data_dir / "run"
        self.doorbell, self.lead = LocalDoorbell(run, f"process-{process}"), Lead(run)
        self.intercom = LocalIntercom(run, f"process-{process}")
        self.checkpointer = Checkpointer(settings.sql_url)
        origin, key = f"{settings.trust_domain}/ledger", settings.keys.ledger_key()
        self._book = FolderLedger(data_dir / "ledger", origin, key, os.urandom)
        self.ledger = MeteredLedger(self._book, metrics)

    def take_cell_keys(self, keys: Sequence[bytes]) -> None:
        """Seal under the first of these from now on, and open what rests under any of them."""
        self.cell_keys.replace(keys)
        self.resume.replace(keys)

    def take_signing_keys(self, keys: Sequence[SigningKey]) -> None:
        """Make cursors with the first of these from now on, and take those of all."""
        self.cursors.replace([_cursor_key(key) for key in keys])

    async def open(self) -> None:
        """Open what has to be opened on the loop."""
        await self._book.open()
        try:
            await self.index.open()
        except NotReadyError as error:
            # Searches say what they miss, and everything else needs no index.
            get_logger().warning("index_not_open", reason=error.reason.value)
        await self._require_whole_log()
        await self.doorbell.open()
        await self.intercom.open()

    async def _require_whole_log(self) -> None:
        """Raise SettingsError when the log of a resident ends before what was indexed of it: it lost its
        end, and with it what was acknowledged. Who goes on would write something else in its place.
        """
        try:
            seen = await self.index.positions()
        except NotReadyError:
            return
        heads = {record.resident: record.head for record in await self.log.residents()}
        if lost := [name for name, position in seen.items() if position > heads.get(name, 0)]:
            raise SettingsError(
                [
                    f"stores: the logs of {len(lost)} residents end before what was indexed of them:"
                    f" {', '.join(lost[:5])}; verify the cell, or remove {self.index.path} if that is wrong"
                ]
            )

    async def close(self) -> None:
        """Close everything; what was acknowledged is synced already."""
        await self._book.close()
        await self.index.close()
        self.doorbell.close()
        await self.intercom.close()
        self.checkpointer.close()
        self.lead.give_back()
        self.files.close()
        self.database.close()

    async def checkpoint(self) -> None:
        """Copy the write-ahead log back, and keep it short."""
        pages, _ = await asyncio.to_thread(self.checkpointer.run)
        if pages > LOG_PAGES_MAX:
            await self.database.restart_log()


def _cursor_key(key: SigningKey) -> bytes:
    return key.sign("cursors", b"key")[:32]
