"""Read reference.parquet of a package: the supplier's validation set, as cases of each finding.

A column for each finding, named by its key, holds the scores; `truth_KEY` (1 or 0), where there is
one, what was so. Groups are axes (`sex`, `age_band`, ...) or DICOM attributes (`patient_age`, ...).
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from surveillance.axes import AXES, LONGEST, UNKNOWN, crossed, levels
from surveillance.references.cases import Case
from surveillance.references.errors import UnreadableTable
from vigil.kernel.dicom import ATTRIBUTES

CHILD = "surveillance.references.parquet_child"
SECONDS = 60
MEGABYTES = 2048
_SOURCE = Path(__file__).parents[2]
_TAIL = 300
Table = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Offered:
    """The cases that a package has of a finding; `left_out` rows had no finite score."""

    finding_key: str
    cases: tuple[Case, ...]
    left_out: int


def read(data: bytes) -> Table:
    """Return the columns of a Parquet file, read in a process of its own.

    Raises:
        UnreadableTable: it is no such file, or too large.
    """
    command = [sys.executable, "-P", "-m", CHILD, str(MEGABYTES), str(SECONDS)]
    paths = os.pathsep.join(str(path) for path in (_SOURCE, _SOURCE / "platform"))
    # One thread each: a library that starts more may not reserve the memory for their stacks.
    alone = {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    try:
        ended = subprocess.run(  # noqa: S603 - a fixed command; the file is its input
            command,
            input=data,
            capture_output=True,
            env={"PYTHONPATH": paths, **alone},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableTable(f"Not read within {SECONDS} seconds.") from None
    if ended.returncode:
        raise UnreadableTable(f"Not a readable Parquet file (code {ended.returncode}).")
    table: Table = json.loads(ended.stdout)
    return table


def offered(table: Table, thresholds: Mapping[str, float]) -> list[Offered]:
    """Return the cases of each finding that the table has a column for."""
    groups = _groups(table)
    return [
        _of_finding(table, key, threshold, groups)
        for key, threshold in thresholds.items()
        if key in table
    ]


def _of_finding(
    table: Table, key: str, threshold: float, groups: Sequence[Mapping[str, str]]
) -> Offered:
    scores = [_number(value) for value in table[key]]
    truths = table.get(f"truth_{key}") or [None] * len(scores)
    cases = tuple(
        Case(score, score >= threshold, levels_of, _truth(truth))
        for score, truth, levels_of in zip(scores, truths, groups, strict=True)
        if score is not None
    )
    return Offered(key, cases, len(scores) - len(cases))


def _groups(table: Table) -> list[dict[str, str]]:
    """Return the levels of each row: those that are named, else those of its DICOM attributes."""
    length = max(map(len, table.values()), default=0)
    attributes = {name: table[name] for name in ATTRIBUTES if name in table}
    named = {axis: table[axis] for axis in AXES if axis in table and axis not in attributes}
    found = []
    for row in range(length):
        known = levels({name: column[row] for name, column in attributes.items()})
        told = {axis: str(column[row] or UNKNOWN)[:LONGEST] for axis, column in named.items()}
        found.append(crossed(known | told) | told)
    return found


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _truth(value: object) -> bool | None:
    return bool(value) if isinstance(value, int | float) and value in {0, 1} else None
