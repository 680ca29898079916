"""What people and machines changed around a signal, in words. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, Protocol

from surveillance.causes.evidence import Event, EventKind

# A runtime's other facts, such as how long loading took, say nothing.
TOLD = ("onnxruntime", "provider", "intra_threads", "machine", "numpy", "pydicom", "preprocessing")


class Period(Protocol):
    """How a deployment stood (`model_registry.deployments.models.DeploymentPeriod`)."""

    @property
    def deployment_id(self) -> str: ...
    @property
    def version_id(self) -> str: ...
    @property
    def mode(self) -> Any: ...
    @property
    def share(self) -> int: ...
    @property
    def thresholds(self) -> dict[str, float]: ...
    @property
    def from_at(self) -> datetime: ...


class Revision(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def published_at(self) -> datetime | None: ...


def of_deployments(
    periods: Iterable[Period], version_id: str, finding_key: str, first: date
) -> Iterator[Event]:
    """Yield what changed of a model's deployments at a site from a day on."""
    before: dict[str, Period] = {}
    for period in periods:
        held, before[period.deployment_id] = before.get(period.deployment_id), period
        day = period.from_at.astimezone(UTC).date()
        if day < first:
            continue
        own = period.version_id == version_id
        whose = "This version" if own else "Another version of the model"
        if held is None:
            how = f"{whose} came to the site ({period.mode.value})"
            yield Event(EventKind.DEPLOYMENT, day, how)
        elif own and held.thresholds.get(finding_key) != period.thresholds.get(finding_key):
            yield Event(EventKind.THRESHOLDS, day, _threshold(held, period, finding_key))
        elif (held.mode, held.share) != (period.mode, period.share):
            how = f"{held.mode.value} at {held.share}% to {period.mode.value} at {period.share}%"
            yield Event(EventKind.DEPLOYMENT, day, f"{whose} went from {how}")


def of_routing(revisions: Iterable[Revision]) -> Iterator[Event]:
    for revision in revisions:
        if revision.published_at is not None:
            day = revision.published_at.astimezone(UTC).date()
            what = f"Revision {revision.number} of the routing rules was published"
            yield Event(EventKind.ROUTING, day, what)


def of_runtimes(days: Sequence[tuple[date, Mapping[str, Any]]]) -> Iterator[Event]:
    """Yield what computes results differently from one day to the next."""
    for (_, then), (day, now) in pairwise(days):
        changed = [
            f"{name.replace('_', ' ')} is {_short(now[name])}, it was {_short(then[name])}"
            for name in TOLD
            if name in then and name in now and then[name] != now[name]
        ]
        if changed:
            yield Event(
                EventKind.RUNTIME, day, f"What computes results changed: {'; '.join(changed)}"
            )


def _threshold(held: Period, period: Period, finding_key: str) -> str:
    then, now = (each.thresholds.get(finding_key) for each in (held, period))
    return f"The threshold went from {_or_own(then)} to {_or_own(now)}"


def _or_own(threshold: float | None) -> str:
    return "the version's own" if threshold is None else f"{threshold:g}"


def _short(fact: Any) -> str:
    return str(fact)[:20]
