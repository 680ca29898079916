"""What is in force on a day: the references, the tolerances, and where detectors begin anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from surveillance.alerts import service as alerts
from surveillance.alerts.repository import StreamKey
from surveillance.axes import ALL
from surveillance.measures.histogram import Counts
from surveillance.references.models import Reference
from surveillance.streams import repository
from surveillance.streams.kinds import Stream
from surveillance.tolerances import service as tolerances
from surveillance.tolerances.service import Tolerances
from vigil.kernel.db import ReadSession

Place = tuple[str, str | None, str]


@dataclass(frozen=True)
class InForce:
    """Read once for all streams of a family."""

    references: Mapping[Place, Reference]
    tolerances: Tolerances
    begins_after: Mapping[StreamKey, date]

    @classmethod
    def on(cls, session: ReadSession, day: date, *, groups: bool = False) -> "InForce":
        """Read what is in force on `day`; with `groups`, the references' groups as well."""
        held: dict[Place, Reference] = {}
        for each in repository.references_until(session, day, groups=groups):
            held.setdefault((each.version_id, each.site_id, each.finding_key), each)
        # A day is looked at on the next. What was resolved later had not been resolved by then.
        looked = day + timedelta(days=1)
        resolved = {key: at for key, at in alerts.starts_after(session).items() if at <= looked}
        return cls(held, tolerances.in_force(session, day), resolved)

    def reference(self, version_id: str, site_id: str, subject: str) -> Reference | None:
        """Return what counts: the site's own reference, or the one that holds anywhere."""
        own = self.references.get((version_id, site_id, subject))
        return own or self.references.get((version_id, None, subject))

    def tolerance(self, stream: Stream) -> float:
        return self.tolerances.of(stream.kind, stream.version_id, stream.site_id, stream.subject)

    def begins(self, stream: Stream) -> date:
        """Return the last day that the stream's detector forgets: that of its last resolution."""
        return self.begins_after.get(stream.key, date.min)


def histogram(reference: Reference, axis: str, level: str) -> Counts | None:
    """Return the scores of the reference's cases of one group; None: too few are known."""
    if axis == ALL:
        return np.asarray(reference.histogram)
    held = group(reference, axis, level)
    return np.asarray(held["histogram"]) if "histogram" in held else None


def share(reference: Reference, name: str, axis: str, level: str) -> tuple[int, int] | None:
    """Return how often something happened among the reference's cases, and of how many."""
    if name == "flagged":
        own = {"n": reference.n, "flagged": reference.flagged}
        held = own if axis == ALL else group(reference, axis, level)
        return (held["flagged"], held["n"]) if "flagged" in held else None
    if name == "overridden":
        return (reference.overridden, reference.decided) if axis == ALL else None
    known = (reference.baselines or {}) if axis == ALL else group(reference, axis, level)
    found: Sequence[Any] | None = known.get(name)
    return None if found is None else (found[0], found[1])


def labelled(reference: Reference, axis: str, level: str) -> tuple[Counts, Counts] | None:
    """Return the scores of the reference's positives and negatives, if its cases were labelled."""
    if axis == ALL:
        positives, negatives = reference.positives, reference.negatives
    else:
        held = group(reference, axis, level)
        positives, negatives = held.get("positives"), held.get("negatives")
    if positives is None or negatives is None:
        return None
    return np.asarray(positives), np.asarray(negatives)


def group(reference: Reference, axis: str, level: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (reference.groups or {}).get(axis, {}).get(level, {})
    return found
