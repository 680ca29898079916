"""Forest plots of a result document: what the rule judges, in each group. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from surveillance.axes import UNKNOWN
from surveillance.local_tests.rule import Metric
from surveillance.local_tests.verdicts import NAMES
from vigil.kernel.web.charts.forest import Estimate, ForestPlot

# Below, an interval is so wide that its middle only misleads.
FEWEST = 5
_PLOTTED: tuple[Metric, ...] = ("sensitivity", "specificity")


def forests(result: Mapping[str, Any]) -> list[ForestPlot]:
    """Return a plot for each figure that has a floor or a bar in the rule, against that."""
    plots = []
    for finding in result["findings"]:
        for metric in _PLOTTED:
            overall = finding["overall"][metric]
            tolerated = _tolerated(result["rule"], finding["finding"], metric)
            if overall is not None and tolerated is not None:
                plots.append(
                    ForestPlot(
                        key=f"{finding['finding']}-{metric}",
                        title=f"{NAMES[metric]} for {finding['name']}, by group",
                        reference=overall["estimate"],
                        tolerated=tolerated,
                        groups=_groups(finding["groups"], metric),
                        percent=True,
                    )
                )
    return plots


def _groups(cells: Sequence[Mapping[str, Any]], metric: Metric) -> list[Estimate]:
    """Leave out the axes of which nothing is known: their one group is everybody."""
    known = {cell["axis"] for cell in cells if cell["labelled"] and cell["level"] != UNKNOWN}
    there = (cell for cell in cells if cell["labelled"] and cell["axis"] in known)
    return [_estimate(cell, metric) for cell in there]


def _estimate(cell: Mapping[str, Any], metric: Metric) -> Estimate:
    label = f"{cell['axis'].replace('_', ' ')}: {cell['level']}"
    rate = cell[metric]
    if rate is None or rate["n"] < FEWEST:
        return Estimate(label, rate["n"] if rate else 0)
    return Estimate(label, rate["n"], rate["estimate"], rate["low"], rate["high"])


def _tolerated(rule: Mapping[str, Any], finding: str, metric: Metric) -> float | None:
    floors = [group["floor"] for group in rule["subgroups"] if group["metric"] == metric]
    bars = [
        bar["at_least"]
        for asked in rule["findings"]
        if asked["finding"] == finding
        for bar in asked["bars"]
        if bar["metric"] == metric
    ]
    return next(iter([*floors, *bars]), None)
