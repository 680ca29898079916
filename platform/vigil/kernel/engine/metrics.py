"""What the engine tells Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from vigil.kernel.engine.status import Depth


class EngineMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._pieces = Gauge(
            "vigil_work", "Work by queue and state", ["queue", "state"], registry=registry
        )
        self._oldest = Gauge(
            "vigil_work_oldest_timestamp_seconds",
            "When the oldest work in this state was enqueued",
            ["queue", "state"],
            registry=registry,
        )
        self.recovered = Counter(
            "vigil_work_recovered", "Work taken over from dead workers", registry=registry
        )
        self.resumed = Counter(
            "vigil_work_resumed", "Work that was stuck and was started again", registry=registry
        )
        self.stuck = Gauge(
            "vigil_work_stuck", "Work of this worker without progress", registry=registry
        )
        self.other_pipelines = Gauge(
            "vigil_work_of_other_pipelines",
            "Unfinished work that only a worker of another pipeline can finish",
            registry=registry,
        )

    def show(self, depths: list[Depth]) -> None:
        self._pieces.clear()
        self._oldest.clear()
        for depth in depths:
            self._pieces.labels(depth.queue, depth.state).set(depth.pieces)
            self._oldest.labels(depth.queue, depth.state).set(depth.oldest_at.timestamp())
