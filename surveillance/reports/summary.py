"""A report's first page as plain data: what an officer reads before any chart. Pure.

It is kept with the report, so that the page says tomorrow what it said when it was made.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from surveillance.axes import ALL
from surveillance.measures.divergence import jensen_shannon, stability_index, wasserstein
from surveillance.measures.histogram import Edges
from surveillance.measures.intervals import wilson
from surveillance.references.models import Reference
from surveillance.reports.content import Content
from surveillance.reports.models import EVERY_FINDING
from surveillance.reports.verdicts import Said, with_verdict
from surveillance.streams.assessment import Verdict
from surveillance.words import axis_name

MOST_LISTED = 200
_LOUD = (Verdict.ESCALATE, Verdict.WATCH, Verdict.NOT_JUDGED)


def sentence(content: Content) -> str:
    """Say what the report shows, from our own figures on the frozen edges."""
    told = [_verdicts(content), *_on_findings(content)]
    told += [f"New in {name}: {', '.join(new)}." for name, new in content.comparison.unseen.items()]
    told += _not_compared(content.comparison.left_out)
    return " ".join(each for each in told if each)


def summary(content: Content, figures: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the first page. `figures` is the document's JSON, None where nothing was drawn."""
    drawn = figures or {}
    return {
        "verdicts": dict(Counter(one.verdict.value for one in content.verdicts)),
        "streams": [_line(one) for one in with_verdict(content.verdicts, *_LOUD)][:MOST_LISTED],
        "insufficient": [
            _line(one) for one in with_verdict(content.verdicts, Verdict.INSUFFICIENT)
        ][:MOST_LISTED],
        "columns": _columns(drawn.get("metrics", [])),
        "unseen": content.comparison.unseen,
        "left_out": {**content.comparison.left_out, **drawn.get("left_out", {})},
        "no_numbers": {**content.now.no_numbers},
        "counts": _counts(content),
        "references": [
            {"id": row.id, "finding": key, "n": row.n, "from": row.effective_from.isoformat()}
            for key, row in content.references.items()
        ],
        "figures": {"drawn": len(content.figures), "not_drawn": content.not_drawn},
        "renderer": drawn.get("renderer"),
    }


def _counts(content: Content) -> dict[str, Any]:
    counts = content.counts
    return {
        "runs": counts.runs,
        "outcomes": dict(counts.outcomes),
        "in_daily_counts": counts.in_daily_counts,
        "is_balanced": counts.is_balanced,
        "drawn": counts.drawn,
        "findings": {
            key: {"records": n, "scored": scored, "labelled": labelled}
            for key, (n, scored, labelled) in counts.findings.items()
        },
    }


def _line(one: Said) -> dict[str, Any]:
    return {
        "stream": one.stream,
        "verdict": one.verdict.value,
        "sentence": one.sentence,
        "alert_id": one.alert_id,
    }


def _columns(metrics: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what Evidently measured of each column, the farthest from its reference first."""
    found = [
        {
            "column": metric["config"]["column"],
            "method": metric["config"]["method"],
            "threshold": metric["config"]["threshold"],
            "value": metric["value"],
            "beyond": metric["value"] is not None
            and metric["value"] >= metric["config"]["threshold"],
        }
        for metric in metrics
        if "method" in metric.get("config", {})
    ]
    return sorted(found, key=lambda column: -(column["value"] or 0.0))


def _verdicts(content: Content) -> str:
    if not content.verdicts:
        return "No stream was judged."
    told = Counter(one.verdict.value for one in content.verdicts)
    return f"Verdicts: {', '.join(f'{n} {verdict}' for verdict, n in told.items())}."


def _not_compared(left_out: Mapping[str, str]) -> list[str]:
    """Say it once for each reason: a reference may lack dozens of columns."""
    whys: dict[str, list[str]] = {}
    for name, why in left_out.items():
        whys.setdefault(why, []).append(axis_name(name))
    return [f"Not compared ({why}): {', '.join(names)}." for why, names in whys.items()]


def _on_findings(content: Content) -> list[str]:
    found = []
    for key, values in content.now.scores.items():
        reference = content.references.get(key)
        prefix = f"{key}: " if content.report.finding_key == EVERY_FINDING else ""
        if reference is not None:
            found.append(prefix + _on_scores(values, reference))
        found.append(prefix + _on_overrides(content, key))
    return found


def _on_scores(values: list[Any], reference: Reference) -> str:
    edges = Edges(tuple(reference.edges))
    held = [value for value in values if value is not None]
    if not held:
        return "No case with a score."
    before, now = np.asarray(reference.histogram), edges.count(held)
    return (
        f"Scores of {len(held)} cases against {reference.n} of the reference: "
        f"population stability index {stability_index(now, before):.3f}, "
        f"Jensen-Shannon distance {jensen_shannon(now, before):.3f}, "
        f"Wasserstein distance {wasserstein(now, before, edges):.3f}."
    )


def _on_overrides(content: Content, key: str) -> str:
    counted = content.sums.get((key, ALL, ALL))
    if counted is None or not counted.decided:
        return "No reader's decision in this time."
    rate = wilson(counted.overridden, counted.decided)
    return (
        f"Readers overrode {counted.overridden} of {counted.decided} decided cases "
        f"({rate.estimate:.1%}, 95% interval {rate.low:.1%} to {rate.high:.1%})."
    )
