"""Render a drift report with Evidently: a program of its own, run in a private folder.

    python -P -m surveillance.reports.evidently_child FOLDER

Reads FOLDER/request.json, writes FOLDER/report.html and FOLDER/report.json. Only this module knows
Evidently, and nothing imports it: Evidently costs seconds and 300 MB to load, and its telemetry
asks the environment (DO_NOT_TRACK) when it is imported.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.legacy.renderers.html_widgets import CounterData, counter, header_text
from evidently.metrics import ValueDrift
from evidently.tests import lte

from surveillance.measures.intervals import wilson

NUMERICAL = "numerical"


class OverrideRate(SingleValueMetric):  # type: ignore[misc]
    """How often readers overrode the model, of what they decided. Carries our own counts."""

    overridden: int
    decided: int


class OverrideRateCalculation(SingleValueCalculation[OverrideRate]):  # type: ignore[misc]
    def calculate(
        self, context: Any, current_data: Dataset, reference_data: Dataset | None
    ) -> SingleValue:
        interval = wilson(self.metric.overridden, self.metric.decided)
        result: SingleValue = self.result(interval.estimate)
        facts = [
            ("Overridden", f"{self.metric.overridden} of {self.metric.decided}"),
            ("Rate", f"{interval.estimate:.1%}"),
            ("95% interval (Wilson)", f"{interval.low:.1%} to {interval.high:.1%}"),
        ]
        result.widget = [
            header_text(label=self.display_name()),
            counter(counters=[CounterData(label, value) for label, value in facts]),
        ]
        return result

    def display_name(self) -> str:
        return "Overrides by readers"


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text())
    columns = request["columns"]
    definition = DataDefinition(
        numerical_columns=[c["name"] for c in columns if c["kind"] == NUMERICAL],
        categorical_columns=[c["name"] for c in columns if c["kind"] != NUMERICAL],
    )
    report = Report([*_drift(columns), *_overrides(request["overrides"])], include_tests=True)
    run = report.run(
        _dataset(request["current"], columns, definition),
        _dataset(request["reference"], columns, definition),
        name=request["title"],
    )
    run.save_html(str(folder / "report.html"))
    (folder / "report.json").write_text(run.json())


def _drift(columns: list[dict[str, Any]]) -> list[ValueDrift]:
    # Method and threshold are always named: the defaults change meaning with the number of rows.
    return [
        ValueDrift(column=c["name"], method=c["method"], threshold=c["threshold"]) for c in columns
    ]


def _overrides(counts: dict[str, Any] | None) -> list[OverrideRate]:
    if counts is None:
        return []
    tests = [] if counts["tolerated"] is None else [lte(counts["tolerated"])]
    return [OverrideRate(overridden=counts["overridden"], decided=counts["decided"], tests=tests)]


def _dataset(
    data: dict[str, list[Any]], columns: list[dict[str, Any]], definition: DataDefinition
) -> Dataset:
    frame = pd.DataFrame({c["name"]: data[c["name"]] for c in columns})
    return Dataset.from_pandas(frame, data_definition=definition)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
