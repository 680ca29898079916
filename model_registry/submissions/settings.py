"""The settings of submissions: how large an upload may be, and how long it may take."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import Field

from vigil.kernel.settings import KernelSettings

_MB: Final = 1024 * 1024
_FOLDER: Final = "uploads"


class SubmissionSettings(KernelSettings):
    """The defaults let a large model come over a slow line within a week."""

    upload_max_mb: int = Field(
        default=600, ge=1, le=2000, description="largest package that may be uploaded, in MB"
    )
    uploads_per_supplier: int = Field(
        default=5, ge=1, description="uploads that a supplier may have unfinished at once"
    )
    upload_days: int = Field(
        default=7, ge=1, description="days after which an unfinished upload is discarded"
    )

    @property
    def upload_max(self) -> int:
        return self.upload_max_mb * _MB

    @property
    def upload_life(self) -> timedelta:
        return timedelta(days=self.upload_days)

    @property
    def uploads(self) -> Path:
        return self.data_dir / _FOLDER


def settings_of(settings: KernelSettings) -> SubmissionSettings:
    """Return this noun's part of the process's settings, with defaults where there is none."""
    if isinstance(settings, SubmissionSettings):
        return settings
    return SubmissionSettings(data_dir=settings.data_dir)
