"""Settings of the processes that run durable work."""

from pydantic import Field

from vigil.kernel.settings import KernelSettings


class EngineSettings(KernelSettings):
    worker_slot: int = Field(
        default=0, ge=0, description="number of this worker among those of its machine"
    )
    worker_metrics_port: int = Field(
        default=0, ge=0, le=65535, description="port of the worker's own /metrics; 0: none"
    )
    run_concurrency: int = Field(
        default=4, ge=1, description="runs of one model version at once in one worker"
    )
    dead_after_seconds: float = Field(
        default=5, gt=1, description="silence after which a worker's work is taken over"
    )
    stuck_after_seconds: float = Field(
        default=300, gt=0, description="time without progress after which work is called stuck"
    )
    retention_days: int = Field(
        default=90, ge=1, description="how long finished work stays in the work list"
    )
