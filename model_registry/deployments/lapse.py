"""When a proposal cannot be agreed to any more, though nobody closed it.

Whoever asked looked at the evidence of that day, and at what was live then. After thirty days a
board has met, a scanner was changed and a person has left: it is asked anew, which takes a minute.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from model_registry.deployments.models import Deployment, DeploymentChange
from model_registry.safety import repository as safety
from model_registry.safety.configuration import configuration_digest
from model_registry.safety.models import Acceptance, SafetyCase
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession

LIFE: Final = timedelta(days=30)
_NAMES: Final = {
    "dcb0160": "the site's DCB0160 acceptance",
    "local_test": "the local acceptance test",
}
Asked = tuple[DeploymentChange, Deployment, ModelVersion]


def lapses_at(change: DeploymentChange) -> datetime:
    return change.requested_at + LIFE


def lapsed(session: ReadSession, asked: Sequence[Asked]) -> dict[str, str]:
    """Return why proposals have lapsed, by their ids; those that have not are not in it."""
    found: dict[str, str] = {}
    lost_cases = safety.cases_gone_stale(session, [version.digest for *_, version in asked])
    configured = {c.id: configuration_digest(v, c.to_thresholds) for c, _, v in asked}
    lost_acceptances = safety.acceptances_gone_stale(session, list(configured.values()))
    for change, deployment, version in asked:
        if session.now() >= lapses_at(change):
            found[change.id] = f"it was asked for more than {LIFE.days} days ago"
            continue
        lost: list[SafetyCase | Acceptance] = [
            *(one for one in lost_cases if one.version_digest == version.digest),
            *(
                one
                for one in lost_acceptances
                if one.configuration_digest == configured[change.id]
                and one.site_id == deployment.site_id
            ),
        ]
        gone = sorted({_name(one) for one in _that_stood_then(lost, change.requested_at)})
        if gone:
            found[change.id] = f"{' and '.join(gone)} went stale since it was asked for"
    return found


def why_lapsed(
    session: ReadSession, change: DeploymentChange, deployment: Deployment, version: ModelVersion
) -> str | None:
    return lapsed(session, [(change, deployment, version)]).get(change.id)


def _that_stood_then(
    lost: Iterable[SafetyCase | Acceptance], asked_at: datetime
) -> Iterable[SafetyCase | Acceptance]:
    for one in lost:
        signed, stale = one.signed_at, one.stale_at
        if signed is not None and stale is not None and signed <= asked_at < stale:
            yield one


def _name(one: SafetyCase | Acceptance) -> str:
    return _NAMES[one.kind] if isinstance(one, Acceptance) else "the safety case"
