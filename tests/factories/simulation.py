"""Tables of predictions for the engine to be tried on."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

FIRST = date(2025, 3, 3)
TODAY = date(2026, 11, 22)


def make_rows(
    days: int = 240,
    per_day: int = 80,
    *,
    shift: float = 0.0,
    from_day: int = 180,
    overrides: float = 0.04,
    seed: int = 1,
) -> dict[str, Any]:
    """Columns of a year or less; from a day on the scores are shifted."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), random.poisson(per_day, days))
    size = len(day)
    positive = random.random(size) < 0.1
    score = random.normal(0, 1, size) + 1.81 * positive + shift * (day >= from_day)
    return {
        "day": [(FIRST + timedelta(days=int(one))).isoformat() for one in day],
        "score": score,
        "label": positive.astype(int),
        "label_day": [(FIRST + timedelta(days=int(one) + 14)).isoformat() for one in day],
        "decision": np.where(random.random(size) < overrides, "override_fp", "agree_neg"),
        "id": np.arange(size),
    }


def write_csv(path: Path, rows: dict[str, Any]) -> Path:
    pa_csv.write_csv(pa.table(rows), path)
    return path


def write_parquet(path: Path, rows: dict[str, Any]) -> Path:
    pq.write_table(pa.table(rows), path)
    return path
