"""The settings of surveillance."""

from pydantic import Field

from vigil.kernel.settings import KernelSettings


class SurveillanceSettings(KernelSettings):
    """What reports may cost."""

    report_seconds: float = Field(
        default=300, gt=0, description="time after which rendering a report is given up"
    )
    report_megabytes: int = Field(
        default=3072, ge=1024, description="address space that rendering a report may take"
    )
    simulation_max_mb: int = Field(
        default=200, ge=1, le=2000, description="largest table that may be simulated, in MB"
    )
