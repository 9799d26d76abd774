"""What rules on conversations, counted and logged, hooked into the writer; and what tells officers of it."""

from accord.clock import Clock
from accord.ids import new_id
from accord.runtime.logs import get_logger
from accord.runtime.metrics import Metrics
from regional_cell.adapters.directory.unlawful import DirectoryUnlawful
from regional_cell.bootstrap.directory import DirectorySide
from regional_cell.bootstrap.stores import Stores
from regional_cell.ports.crossings import Egress
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.gatherings import Gatherings
from regional_cell.services.unlawful import UnlawfulReports


def make_gatherings(
    commits: GroupCommits,
    stores: Stores,
    egress: Egress,
    directory: DirectorySide,
    metrics: Metrics,
    clock: Clock,
) -> tuple[Gatherings, UnlawfulReports]:
    """From now on no structural command of these commits is written unruled."""

    def counted(outcome: str) -> None:
        metrics.count("colink_rulings_total", outcome=outcome)
        unlawful.changed()

    gatherings = Gatherings(
        commits, stores.log, stores.views, egress, directory.policies, new_id, counted,
        lambda workspace, channel, rule: get_logger().warning(
            "conversation_unlawful", resident=workspace, channel=channel, rule=rule
        ),
    )  # fmt: skip
    door = DirectoryUnlawful(directory.client)
    unlawful = UnlawfulReports(stores.log, stores.views, door, clock, lambda: gatherings.walked)
    commits.deciding.rule = gatherings.ruled
    return gatherings, unlawful
