"""What a rollback leads to: the version that was live before, past all that was left for good.

The history of a model at a site is read as a pile. A version that goes live lies on top; one that
goes live again takes away whatever lay on it, because people went back from that. So a second
rollback goes one further, and never to what the first one left.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from model_registry.deployments import repository
from model_registry.deployments.errors import NothingBefore
from model_registry.deployments.models import Deployment, DeploymentPeriod
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession

_GONE = frozenset({VersionStatus.WITHDRAWN, VersionStatus.REFUSED})
Layer = tuple[DeploymentPeriod, ModelVersion]


@dataclass(frozen=True)
class Before:
    """The deployment that a rollback makes live again, with the thresholds that it had then."""

    deployment: Deployment
    thresholds: dict[str, float]


def live_before(session: ReadSession, left: Deployment) -> Before:
    """Return what a rollback from this deployment brings back.

    Raises:
        NothingBefore: it is not the one to go back from, or nothing before it can be live again.
    """
    pile = _pile(repository.live_periods(session, left.model_id, left.site_id))
    if not pile or pile[-1][1].id != left.version_id:
        raise NothingBefore(_not_from_here(pile))
    top = pile.pop()[1]
    gone = []
    for period, version in reversed(pile):
        if version.status not in _GONE:
            return Before(_placed(session, period), dict(period.thresholds))
        gone.append(f"version {version.version} is {version.status.value}")
    told = f": {', '.join(gone)}" if gone else ""
    raise NothingBefore(
        f"No version that was live here before {top.version} can be live again{told}."
        " Suspend this one or put it back in shadow, and propose another."
    )


def _pile(lived: Iterable[Layer]) -> list[Layer]:
    pile: list[Layer] = []
    for period, version in lived:
        at = next((i for i, (_, below) in enumerate(pile) if below.id == version.id), len(pile))
        pile[at:] = [(period, version)]
    return pile


def _not_from_here(pile: list[Layer]) -> str:
    if not pile:
        return "No version of this model was ever live at this site."
    last = pile[-1][1].version
    return f"Version {last} was the last one live here: go back from that one."


def _placed(session: ReadSession, period: DeploymentPeriod) -> Deployment:
    """Return the deployment in use of the version, where it was deployed anew since."""
    in_use = repository.in_use(session, period.version_id, period.site_id)
    return in_use or session.get_one(Deployment, period.deployment_id)
