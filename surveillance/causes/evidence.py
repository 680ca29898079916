"""All that the causes of one signal are judged by. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from surveillance.causes.groups import Groups
from surveillance.causes.movements import Movement
from surveillance.streams.kinds import StreamKind


class EventKind(StrEnum):
    """What somebody changed."""

    THRESHOLDS = "thresholds"
    DEPLOYMENT = "deployment"
    ROUTING = "routing"
    RUNTIME = "runtime"


@dataclass(frozen=True)
class Event:
    """A change in the registry, or of what computes results."""

    kind: EventKind
    day: date
    what: str


@dataclass(frozen=True)
class Elsewhere:
    """How the same stream of the same version moved at another site, in the same windows."""

    site_id: str
    change: float
    error: float


@dataclass(frozen=True)
class Evidence:
    """What is known around a change.

    Attributes:
        change: the first day of the window of the signal.
        whole: everybody in one group; None for a stream that is no mean of cases.
        groups: the same cases by each axis.
        scores: how the finding's scores moved; None where that is not known, or is the signal.
    """

    kind: StreamKind
    change: date
    whole: Groups | None = None
    groups: tuple[Groups, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    scores: Movement | None = None
    features: Mapping[str, Movement] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
