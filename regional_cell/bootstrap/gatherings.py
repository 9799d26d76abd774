"""What rules on conversations, counted and logged, and hooked into the writer."""

from accord.ids import new_id
from accord.runtime.logs import get_logger
from accord.runtime.metrics import Metrics
from regional_cell.bootstrap.stores import Stores
from regional_cell.ports.crossings import Egress, Policies
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.gatherings import Gatherings


def make_gatherings(
    commits: GroupCommits, stores: Stores, egress: Egress, policies: Policies, metrics: Metrics
) -> Gatherings:
    """From now on no structural command of these commits is written unruled."""
    gatherings = Gatherings(
        commits, stores.log, stores.views, egress, policies, new_id,
        lambda outcome: metrics.count("colink_rulings_total", outcome=outcome),
        lambda workspace, channel, rule: get_logger().warning(
            "conversation_unlawful", resident=workspace, channel=channel, rule=rule
        ),
    )  # fmt: skip
    commits.deciding.rule = gatherings.ruled
    return gatherings
