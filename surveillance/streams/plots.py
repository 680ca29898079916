"""Read what the charts of one finding at one site are drawn from, and draw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from surveillance.alerts import service as alerts
from surveillance.axes import ALL
from surveillance.causes import service as causes
from surveillance.disclosure import hidden_levels, is_small, works_there
from surveillance.records.repository import Scope
from surveillance.references import service as references
from surveillance.streams import charts, repository, service
from surveillance.streams.charts import Chart, Happening, SignalMark
from surveillance.streams.kinds import StreamKind
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.charts.control import ControlChart
from vigil.kernel.web.charts.forest import ForestPlot
from vigil.kernel.web.charts.funnel import Funnel
from vigil.kernel.web.charts.histogram import Histogram

MOST_SIGNALS = 500


@dataclass(frozen=True)
class Plots:
    """The charts of one finding. None: there is nothing to draw, and the page says what lacks."""

    name: str
    axis: str
    flags: ControlChart | None = None
    overrides: ControlChart | None = None
    scores: Histogram | None = None
    groups: ForestPlot | None = None
    flags_by_site: Funnel | None = None
    overrides_by_site: Funnel | None = None

    def named(self, key: str) -> Chart | None:
        """Return the chart of this key."""
        drawn = (
            self.flags,
            self.overrides,
            self.scores,
            self.groups,
            self.flags_by_site,
            self.overrides_by_site,
        )
        return next((chart for chart in drawn if chart is not None and chart.key == key), None)


def of_finding(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    finding: tuple[str, str],
    axis: str,
    days: tuple[date, date],
    names: Mapping[str, str],
) -> Plots:
    """Draw a finding on some days; `finding` is its key and its name, `names` those of sites."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    key, name = finding
    first, last = days
    at_site = Scope(version_id, site_id, key, first, last)
    groups = repository.totals(session, actor, at_site, by="level", axis=axis)
    everywhere = Scope(version_id, None, key, first, last)
    sites = repository.totals(session, actor, everywhere, by="site_id", axis=ALL)
    decided = sites
    if not works_there(actor):
        groups, sites = _shown(groups, axis, "n"), _shown(sites, ALL, "n")
        decided = _shown(decided, ALL, "decided")
    drawn = Plots(
        name=name,
        axis=axis,
        groups=charts.by_group(groups, axis, name),
        flags_by_site=charts.by_site(
            sites,
            names,
            "flag-rate-by-site",
            f"Share flagged for {name}, by site",
            ("flagged", "n"),
        ),
        overrides_by_site=charts.by_site(
            decided,
            names,
            "override-rate-by-site",
            f"Share overridden for {name}, by site",
            ("overridden", "decided"),
        ),
    )
    return _over_time(session, actor, drawn, at_site)


def _over_time(session: ReadSession, actor: Actor, drawn: Plots, scope: Scope) -> Plots:
    version_id, site_id, key = str(scope.version_id), str(scope.site_id), str(scope.finding_key)
    today = scope.to_day or session.now().date()
    first = scope.from_day or today
    reference = references.on_day(session, version_id, site_id, key, today)
    found = service.series(
        session, actor, version_id=version_id, site_id=site_id, from_day=first, finding_key=key
    )
    if reference is None or not found:
        return drawn
    changes = causes.events(
        session,
        actor,
        version_id=version_id,
        site_id=site_id,
        finding_key=key,
        first=first,
        last=today,
    )
    series, name = found[0].until(today), drawn.name
    flagged: list[Happening] = [*changes, *_signals(session, actor, scope, StreamKind.FLAG_RATE)]
    overridden: list[Happening] = [
        *changes,
        *_signals(session, actor, scope, StreamKind.OVERRIDE_RATE),
    ]
    return Plots(
        **{
            **vars(drawn),
            "flags": _told(actor, charts.flags(series, reference, name, flagged)),
            "overrides": _told(actor, charts.overrides(series, reference, name, overridden)),
            "scores": charts.scores(series, reference, name),
        }
    )


def _shown(rows: Sequence[Any], axis: str, of: str) -> list[Any]:
    """Leave out what is too small to be told to people from elsewhere."""
    sizes = {row.name: float(getattr(row, of)) for row in rows if getattr(row, of) > 0}
    hidden = hidden_levels(axis, sizes)
    return [row for row in rows if row.name not in hidden]


def _told(actor: Actor, chart: ControlChart | None) -> ControlChart | None:
    """Return a chart whose weeks of few cases have no numbers for people from elsewhere."""
    if chart is None or works_there(actor):
        return chart
    return replace(
        chart,
        periods=[
            replace(each, value=None, n=0, lower=0.0, upper=1.0) if is_small(each.n) else each
            for each in chart.periods
        ],
    )


def _signals(
    session: ReadSession, actor: Actor, scope: Scope, kind: StreamKind
) -> list[SignalMark]:
    """Mark the alerts of this stream about everybody, old ones too."""
    held = alerts.alerts(
        session, actor, version_id=scope.version_id, site_id=scope.site_id, limit=MOST_SIGNALS
    )
    return [
        SignalMark.of(each.tier.value, each.opened_at.date(), each.window_from)
        for each in held
        if (each.finding_key, each.stream, each.axis) == (scope.finding_key, kind.value, ALL)
    ]
