"""Read the daily counts of findings, a version at a site at a time: memory is that of one."""

from collections.abc import Iterator, Sequence

from surveillance.axes import ALL
from surveillance.records.repository import Scope
from surveillance.streams import sealing
from surveillance.streams.series import Series, from_parts
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


def in_turn(
    session: ReadSession, actor: Actor, scope: Scope, axes: Sequence[str]
) -> Iterator[list[Series]]:
    """Yield the series of findings of each version at each site."""
    groups = any(axis != ALL for axis in axes)
    for parts in sealing.read(session, actor, scope, groups=groups):
        found = [series.within(scope.from_day, scope.to_day) for series in from_parts(parts)]
        yield [
            series
            for series in found
            if len(series.ordinals)
            and series.axis in axes
            and scope.finding_key in {None, series.finding_key}
        ]
