"""What the catalogue tells: no tables of its own, only views of other nouns' rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from model_registry.deployments.models import DeploymentPeriod
from model_registry.versions.models import Model, ModelAlias, ModelVersion, VersionStatus


@dataclass(frozen=True)
class Filters:
    """Which models are wanted; None asks nothing.

    Attributes:
        supplier: the supplier's code.
        status: of the newest version.
        text: within the model's or the supplier's name.
    """

    supplier: str | None = None
    status: VersionStatus | None = None
    text: str | None = None


@dataclass(frozen=True)
class Line:
    """A model with what a list says of it."""

    model: Model
    supplier: str
    supplier_code: str
    newest: ModelVersion
    versions: int
    aliases: Sequence[tuple[str, str]] = ()
    live_sites: int = 0

    @property
    def champion(self) -> str | None:
        """The label of the version that the alias champion stands for."""
        return dict(self.aliases).get("champion")


class Kind(StrEnum):
    """What a thing that happened was done to."""

    STATUS = "status"
    ALIAS = "alias"
    DEPLOYMENT = "deployment"


@dataclass(frozen=True)
class Happening:
    """Something that was done to a model: what, to which version, where, by whom and why."""

    at: datetime
    id: str
    kind: Kind
    what: str
    version_id: str
    site_id: str | None
    by: str
    by_label: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """How a model stood at an instant: at each site, by each name, and each version's status."""

    at: datetime
    periods: Sequence[DeploymentPeriod]
    aliases: Sequence[ModelAlias]
    statuses: Sequence[tuple[str, VersionStatus]]
