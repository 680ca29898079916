"""The result of a trial as canonical JSON: the same trial gives the same bytes."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from surveillance.axes import ALL
from surveillance.simulation import charts, sentences
from surveillance.simulation.expecting import Expected
from surveillance.simulation.paths import Path
from surveillance.simulation.trial import Described, Outlook, Trial
from surveillance.streams.assessment import Assessment
from surveillance.streams.judging import Item
from surveillance.streams.kinds import StreamKind
from surveillance.streams.sentences import sentence

SCHEMA = "vigil/simulation/v1"
LABELLED = frozenset(
    {
        StreamKind.MISS_RATE,
        StreamKind.FALSE_ALARM_RATE,
        StreamKind.PPV,
        StreamKind.AREA,
        StreamKind.CALIBRATION,
    }
)


def of(trial: Trial) -> dict[str, Any]:
    reference = trial.reference_accounts
    return {
        "schema": SCHEMA,
        "question": trial.question.model_dump(mode="json"),
        "accounts": trial.accounts.as_json(),
        "reference_accounts": reference.as_json() if reference else None,
        "groups": [_group(one) for one in trial.described],
        "streams": [
            stream(path, sample) for sample, path in zip(trial.samples, trial.paths, strict=True)
        ],
        "outlooks": [_outlook(one) for one in trial.outlooks],
    }


def to_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def stream(path: Path, sample: Item | None = None) -> dict[str, Any]:
    """Return one stream with its verdict on every day, days alike taken together."""
    name, last = path.stream, path.standing
    is_drawn = sample is not None and name.axis == ALL
    return {
        "version": name.version_id,
        "site": name.site_id,
        "subject": name.subject,
        "kind": name.kind.value,
        "axis": name.axis,
        "level": name.level,
        "verdict": path.verdicts[-1].value if path.verdicts else last.verdict.value,
        "sentence": said(last),
        "n": last.n,
        "first_watch": _iso(path.first_watch),
        "first_watch_sentence": said(path.at_watch) if path.at_watch else None,
        "first_escalation": _iso(path.first_escalation),
        "first_escalation_sentence": said(path.at_escalation) if path.at_escalation else None,
        **figures(last),
        "spells": list(_spells(path)),
        "chart": charts.numbers(sample, path) if is_drawn and sample is not None else None,
    }


def figures(found: Assessment) -> dict[str, Any]:
    interval, bounds = found.interval, found.bounds
    return {
        "estimate": interval.estimate if interval else None,
        "interval_low": interval.low if interval else None,
        "interval_high": interval.high if interval else None,
        "baseline": bounds.baseline if bounds else None,
        "tolerated_low": bounds.low if bounds else None,
        "tolerated_high": bounds.high if bounds else None,
        "e_value": found.e_value,
        "shortage": str(found.shortage) if found.shortage else None,
        "fault": found.fault,
    }


def said(found: Assessment) -> str:
    return sentence(found)


def outlook(expected: Sequence[Expected], lag: float | None = None) -> list[dict[str, Any]]:
    """Return what to expect, each with its sentences."""
    return [
        {
            "kind": one.kind.value,
            "tolerance": one.tolerance,
            "years": round(one.years, 1),
            "false_escalations": one.escalations,
            "false_escalations_a_year": round(one.a_year, 5),
            "false_escalations_a_year_at_most": round(one.at_most, 5),
            "false_watches_a_year": round(one.watches, 4),
            "false_alarms_sentence": sentences.false_alarms(one),
            "delays": [
                {
                    "change": found.change,
                    "days_median": found.days,
                    "days_p90": found.days_90,
                    "cases_median": found.cases,
                    "cases_p90": found.cases_90,
                    "missed": round(found.missed, 4),
                    "sentence": sentences.delay(
                        one.kind, found, lag if one.kind in LABELLED else None
                    ),
                }
                for found in one.delays
            ],
        }
        for one in expected
    ]


def flat(expected: Sequence[Expected], lag: float | None = None) -> list[dict[str, Any]]:
    """Return a row for each stream and change, for a table."""
    return [
        {
            "stream": one["kind"],
            "tolerance": one["tolerance"],
            "change": delay["change"],
            "days": delay["days_median"],
            "days_p90": delay["days_p90"],
            "cases": delay["cases_median"],
            "missed": delay["missed"],
            "false_escalations_a_year": one["false_escalations_a_year"],
            "in_words": f"{delay['sentence']} {one['false_alarms_sentence']}",
        }
        for one in outlook(expected, lag)
        for delay in one["delays"]
    ]


def _outlook(one: Outlook) -> dict[str, Any]:
    return {
        **_names(one.group),
        "played_on": one.note,
        "label_lag_days": one.label_lag,
        "expected": outlook(one.expected, one.label_lag),
    }


def _group(one: Described) -> dict[str, Any]:
    return {
        **_names(one.group),
        "reference_rows": one.reference_rows,
        "reference_days": _period(one.reference_days),
        "watched_rows": len(one.group.watched),
        "watched_days": _period(one.watched_days),
        "fault": one.fault,
    }


def _names(group: Any) -> dict[str, str]:
    return {"version": group.version, "site": group.site, "finding": group.finding}


def _period(days: tuple[date, date] | None) -> list[str] | None:
    return [day.isoformat() for day in days] if days else None


def _spells(path: Path) -> Iterator[dict[str, str]]:
    at = 0
    for verdict, alike in groupby(path.verdicts):
        length = len(list(alike))
        first, last = path.ordinals[at], path.ordinals[at + length - 1]
        yield {
            "verdict": verdict.value,
            "from": date.fromordinal(int(first)).isoformat(),
            "to": date.fromordinal(int(last)).isoformat(),
        }
        at += length


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
