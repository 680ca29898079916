"""Proposals, agreements and history as whoever asks may read them: a supplier without the words."""

from collections.abc import Iterable

from model_registry.deployments.models import (
    DeploymentApproval,
    DeploymentChange,
    DeploymentPeriod,
)
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.discretion import without_words

_CHANGE = ("reason", "requested_by", "closed_by", "closed_reason")
_APPROVAL = ("user_id", "reason")
_PERIOD = ("reason", "by", "by_label")


def change_to(actor: Actor, change: DeploymentChange) -> DeploymentChange:
    return without_words(actor, change, _CHANGE)


def approvals_to(actor: Actor, approvals: Iterable[DeploymentApproval]) -> list[DeploymentApproval]:
    return [without_words(actor, one, _APPROVAL) for one in approvals]


def periods_to(actor: Actor, periods: Iterable[DeploymentPeriod]) -> list[DeploymentPeriod]:
    return [without_words(actor, one, _PERIOD) for one in periods]
