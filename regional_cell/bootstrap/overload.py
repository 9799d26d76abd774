"""What is done ten times a second for a cell that has too much to do: edges are told, figures are kept."""

from accord.runtime.metrics import Metrics
from regional_cell.entrypoints.gateway.exchange import LIMIT_S, Exchange
from regional_cell.entrypoints.web_api.admission import Admission
from regional_cell.entrypoints.workers.jobs import Job
from regional_cell.services.commits.queue import CommandQueue


class Overload:
    """Made once for each process."""

    def __init__(
        self, queue: CommandQueue, exchange: Exchange, admission: Admission, metrics: Metrics
    ) -> None:
        self._queue, self._exchange, self._admission = queue, exchange, admission
        self._metrics = metrics
        self._told: dict[str, int] = {}

    def job(self) -> Job:
        """What comes round again."""
        return Job("overload", LIMIT_S, self._turn)

    async def _turn(self) -> None:
        queue, metrics = self._queue, self._metrics
        self._exchange.limit_sends(queue.taken())
        metrics.set_to("colink_queue_waiting", queue.pending, queue="writer")
        if queue.waited_s:
            metrics.observe("colink_writer_wait_seconds", queue.waited_s)
            queue.waited_s = 0.0
        metrics.count("colink_late_total", self._since("late", queue.late))
        refused = {"writer": queue.refused, **self._admission.refused}
        for name, total in refused.items():
            metrics.count("colink_queue_refused_total", self._since(name, total), queue=name)
        for name, waiting in self._admission.waiting.items():
            metrics.set_to("colink_queue_waiting", waiting, queue=name)

    def _since(self, name: str, total: int) -> int:
        """How many more than when this was asked last."""
        told = self._told.get(name, 0)
        self._told[name] = total
        return total - told
