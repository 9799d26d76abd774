"""What counts flows in this process, kept from time to time and when the process stops."""

from accord.clock import Clock
from accord.errors import ColinkError
from accord.runtime.logs import get_logger
from regional_cell.adapters.directory.traffic import DirectoryTraffic
from regional_cell.bootstrap.directory import DirectorySide
from regional_cell.bootstrap.stores import Stores
from regional_cell.entrypoints.workers.jobs import Job
from regional_cell.services.edge_passages import EdgePassages
from regional_cell.services.traffic import FLUSH_S, Traffic


def make_traffic(stores: Stores, directory: DirectorySide, clock: Clock) -> Traffic:
    """Counts flows and keeps them in the cell's store."""
    return Traffic(
        directory.policies, stores.traffic, DirectoryTraffic(directory.client), clock, directory.shadow
    )


def traffic_job(traffic: Traffic, passages: EdgePassages) -> Job:
    """Keeps what was counted."""

    async def keep() -> None:
        passages.count()
        await traffic.flush()

    return Job("traffic", FLUSH_S, keep)


async def keep_the_rest(job: Job) -> None:
    """Before the stores close; what cannot be kept then is lost, and said to be."""
    try:
        await job.turn()
    except ColinkError as error:
        get_logger().warning("job_failed", op=job.name, reason=error.reason.value)
