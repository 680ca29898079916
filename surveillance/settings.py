"""The settings of surveillance."""

from pydantic import Field

from vigil.kernel.settings import KernelSettings


class SurveillanceSettings(KernelSettings):
    """What reports may cost."""

    report_seconds: float = Field(
        default=120, gt=0, description="time after which rendering a report is given up"
    )
