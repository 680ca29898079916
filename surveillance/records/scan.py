"""Read records as columns, piece by piece: a million of them take no more memory than one piece."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.records import repository
from surveillance.records.bulk import ABSENT, GIVEN, MISSING, Coded, Columns, Numbers, answers
from surveillance.records.repository import Scope
from vigil.kernel.db import ReadSession

_NONE = "null"


def pieces(session: ReadSession, scope: Scope) -> Iterator[Columns]:
    """Yield every record that counts on a day of the scope; for Vigil's own work."""
    for rows in repository.counted(session, scope):
        yield columns(rows)


def columns(rows: Sequence[Any]) -> Columns:
    """Return rows of `repository.counted` as columns."""
    held = dict(zip(repository.COUNTED, zip(*rows, strict=True), strict=True))
    return Columns(
        version_id=Coded.of(held["version_id"]),
        site_id=Coded.of(held["site_id"]),
        mode=_enum(held["mode"], RunMode),
        finding_key=Coded.of(held["finding_key"]),
        day=_dates(held["day"]),
        outcome=_enum(held["outcome"], Outcome),
        score=Numbers.of(held["score"]),
        flagged=answers(held["flagged"]),
        decision=_enum(held["decision"], Decision),
        levels=_levels(held["attributes"]),
        truth=answers(held["truth"]),
        exam_day=_dates(held["exam_day"]),
        decision_known_day=_dates(held["decision_known_day"]),
        truth_known_day=_dates(held["truth_known_day"]),
        label_day=_dates(held["label_day"]),
        features=_features(held["features"]),
    )


def _enum(column: Iterable[str | None], of: Any) -> Any:
    """Make each member once, not once a row."""
    coded = Coded.of(column)
    return Coded(coded.codes, tuple(None if one is None else of(one) for one in coded.values))


def _dates(column: Iterable[str | None]) -> Any:
    coded = Coded.of(column)
    days = (None if one is None else date.fromisoformat(one) for one in coded.values)
    return Coded(coded.codes, tuple(days))


def _levels(column: Iterable[str]) -> dict[str, Coded[str]]:
    """Return the levels on each axis; few records differ, so each text is read once."""
    coded = Coded.of(column)
    known: list[dict[str, str]] = [json.loads(text) for text in coded.values]
    axes = dict.fromkeys(axis for each in known for axis in each)
    levels = {axis: Coded.of(each.get(axis, "") for each in known) for axis in axes}
    return {axis: Coded(one.codes[coded.codes], one.values) for axis, one in levels.items()}


def _features(column: Sequence[str | None]) -> dict[str, Numbers]:
    rows = [(i, json.loads(text)) for i, text in enumerate(column) if text and text != _NONE]
    found: dict[str, Numbers] = {}
    for i, features in rows:
        for name, value in features.items():
            if name not in found:
                state = np.full(len(column), ABSENT, dtype=np.int8)
                found[name] = Numbers(np.zeros(len(column)), state)
            found[name].state[i] = MISSING if value is None else GIVEN
            # What was no finite number is kept as a word.
            found[name].values[i] = math.nan if isinstance(value, str) else value or 0.0
    return found
