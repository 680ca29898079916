"""What the node counts. No label ever names a peer, a study or a patient."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from inference.associations.models import Ending
from inference.node.status import Status

_CLASSES = {
    Status.SUCCESS: "stored",
    Status.OUT_OF_RESOURCES: "retry",
    Status.PROCESSING_FAILURE: "failed",
}
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class NodeMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self._instances = Counter(
            "vigil_dicom_instances", "C-STORE requests answered", ["answer"], registry=registry
        )
        self._bytes = Counter(
            "vigil_dicom_received_bytes", "bytes of data sets received", registry=registry
        )
        self._seconds = Histogram(
            "vigil_dicom_store_seconds",
            "time from a whole data set to its answer",
            buckets=_SECONDS,
            registry=registry,
        )
        self._associations = Counter(
            "vigil_dicom_associations", "associations ended", ["ending"], registry=registry
        )
        self._open = Gauge("vigil_dicom_associations_open", "associations held", registry=registry)

    def instance(self, status: Status, size: int, seconds: float) -> None:
        self._instances.labels(_CLASSES.get(status, "refused")).inc()
        self._bytes.inc(size)
        self._seconds.observe(seconds)

    def opened(self) -> None:
        self._open.inc()

    def closed(self, ending: Ending) -> None:
        self._open.dec()
        self._associations.labels(ending.value).inc()

    def refused(self) -> None:
        self._associations.labels(Ending.REFUSED.value).inc()
