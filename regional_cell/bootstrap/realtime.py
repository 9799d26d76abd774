"""What sockets of a process are made of: what they missed, their opening and their marks."""

from collections.abc import Callable

from accord.clock import Clock
from accord.errors import Moved
from accord.runtime.metrics import Metrics
from regional_cell.bootstrap.chat import Chat
from regional_cell.bootstrap.stores import Stores
from regional_cell.entrypoints.workers.jobs import Job
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.live import Live
from regional_cell.services.replays import Replays
from regional_cell.services.sockets import Sockets
from regional_cell.services.tokens import Tokens
from regional_cell.settings import SocketsSettings

SWEEP_S = 15.0


class Realtime:
    """Made once for each process.

    Args:
        moved: where a resident lives now, when this cell is not its home any more.
        failed: told of what could not be rendered.
    """

    def __init__(
        self,
        settings: SocketsSettings,
        stores: Stores,
        commits: GroupCommits,
        tokens: Tokens,
        live: Live,
        chat: Chat,
        clock: Clock,
        metrics: Metrics,
        moved: Callable[[str], Moved | None],
        failed: Callable[[str, BaseException], None],
    ) -> None:
        self._mark_s = settings.mark_s
        self.replays = Replays(
            commits, clock, lambda how: metrics.count("colink_replays_total", how=how), failed
        )
        self.sockets = Sockets(
            tokens,
            live,
            stores.spent,
            stores.resume,
            chat.messages,
            chat.presence,
            self.replays,
            clock,
            moved=moved,
            resume_events_max=settings.resume_events_max,
        )

    def jobs(self) -> list[Job]:
        """What comes round again."""
        return [
            Job("marks", self._mark_s, self.sockets.mark_all),
            Job("replays", SWEEP_S, self.replays.sweep),
        ]
