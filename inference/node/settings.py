"""The settings of the DICOM node and of study completeness."""

from datetime import timedelta

from pydantic import Field

from inference.studies.service import Policy
from vigil.kernel.settings import KernelSettings

DEFAULT_AE_TITLE = "VIGIL"


class NodeSettings(KernelSettings):
    """What the DICOM node needs."""

    dicom_host: str = Field(
        default="0.0.0.0",  # noqa: S104 - a receiver that modalities cannot reach is none
        description="address the DICOM node listens on",
    )
    dicom_port: int = Field(default=11112, ge=0, le=65535, description="port of the DICOM node")
    ae_title: str = Field(
        default=DEFAULT_AE_TITLE,
        min_length=1,
        max_length=16,
        description="AE title of the DICOM node; callers that ask for another are refused",
    )
    dicom_metrics_port: int = Field(
        default=0, ge=0, le=65535, description="port of the DICOM node's own /metrics; 0: none"
    )
    max_associations: int = Field(
        default=32, ge=1, description="associations held at once; more are refused for the moment"
    )
    max_instance_mb: int = Field(
        default=1024, ge=1, description="largest instance that the node takes, in MB"
    )
    dicom_idle_seconds: float = Field(
        default=60, gt=0, description="silence after which an association is aborted"
    )
    study_quiet_seconds: float = Field(
        default=30,
        gt=0,
        description="silence that completes a study whose associations were all released",
    )
    study_open_quiet_seconds: float = Field(
        default=120,
        gt=0,
        description="silence that completes a study while an association is open, or broke",
    )
    study_cap_seconds: float = Field(
        default=1800,
        gt=0,
        description="time after which a study is run as incomplete though instances still arrive",
    )

    @property
    def completeness(self) -> Policy:
        return Policy(
            quiet=timedelta(seconds=self.study_quiet_seconds),
            open_quiet=timedelta(seconds=self.study_open_quiet_seconds),
            cap=timedelta(seconds=self.study_cap_seconds),
        )


def own_ae_title(settings: KernelSettings) -> str:
    """Return what this installation calls itself to its peers."""
    return settings.ae_title if isinstance(settings, NodeSettings) else DEFAULT_AE_TITLE
