"""Render a report with Evidently, in a process of its own that `cage` has closed the doors of.

Reads FOLDER/request.json, writes FOLDER/report.html and FOLDER/report.json. Only this module knows
Evidently, and nothing imports it by name: Evidently costs seconds and 300 MB to load, and its
telemetry asks the environment (DO_NOT_TRACK) when it is imported.

Every column and every finding is a run of its own: one that Evidently cannot do is left out by
name, where one report of all would end with it. Methods and thresholds are always named, as the
defaults change their meaning with the number of rows.
"""

import json
import math
import resource
from collections.abc import Callable, Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.core.report import Snapshot, render_widgets
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.legacy.renderers.html_widgets import (
    CounterData,
    counter,
    group_widget,
    header_text,
    table_data,
)
from evidently.metrics import TNR, TPR, LogLoss, Precision, RocAuc, ValueDrift
from evidently.tests import gte, lte

NUMERICAL = "numerical"
_COUNTER_WIDTH = 40
_NOTHING = pd.DataFrame({"x": [0.0]})


class OwnMetric(SingleValueMetric):  # type: ignore[misc]
    """A measure of our own engine: carries its exact value, which is not computed here."""

    name: str
    amount: float
    facts: list[list[str]]


def _calculate(
    self: Any,
    context: Any,  # noqa: ARG001 - as Evidently calls it
    current_data: Dataset,  # noqa: ARG001
    reference_data: Dataset | None,  # noqa: ARG001
) -> SingleValue:
    result: SingleValue = self.result(self.metric.amount)
    facts = [(str(label), str(value)) for label, value in self.metric.facts]
    is_short = all(len(value) < _COUNTER_WIDTH for _, value in facts)
    result.widget = [
        header_text(label=self.display_name()),
        counter(counters=[CounterData(label, value) for label, value in facts])
        if is_short
        else table_data(column_names=["What", "Value"], data=facts),
    ]
    return result


def _display_name(self: Any) -> str:
    return str(self.metric.name)


class OverrideRate(OwnMetric):
    """How often readers overrode the model, of what they decided."""


class OverrideRateCalculation(SingleValueCalculation[OverrideRate]):  # type: ignore[misc]
    calculate, display_name = _calculate, _display_name


class SubgroupGap(OwnMetric):
    """A gap between a group and the rest, with what fairness says of it."""


class SubgroupGapCalculation(SingleValueCalculation[SubgroupGap]):  # type: ignore[misc]
    calculate, display_name = _calculate, _display_name


class Calibration(OwnMetric):
    """The mean score less the share with the finding."""


class CalibrationCalculation(SingleValueCalculation[Calibration]):  # type: ignore[misc]
    calculate, display_name = _calculate, _display_name


class Performance(OwnMetric):
    """Sensitivity or specificity of all labelled cases."""


class PerformanceCalculation(SingleValueCalculation[Performance]):  # type: ignore[misc]
    calculate, display_name = _calculate, _display_name


class Volume(OwnMetric):
    """Runs a day."""


class VolumeCalculation(SingleValueCalculation[Volume]):  # type: ignore[misc]
    calculate, display_name = _calculate, _display_name


class EngineVerdict(OwnMetric):
    """What our engine says: 3 escalate, 2 watch, 1 not judged, 0 too little data, -1 quiet."""


class EngineVerdictCalculation(SingleValueCalculation[EngineVerdict]):  # type: ignore[misc]
    calculate, display_name = _calculate, _display_name


OWN = (OverrideRate, SubgroupGap, Calibration, Performance, Volume, EngineVerdict)
_BY_NAME: dict[str, type[OwnMetric]] = {metric.__name__: metric for metric in OWN}
Named = tuple[str, Callable[[], Snapshot]]


def main(folder: str, *, is_isolated: bool) -> None:
    place = Path(folder)
    request = json.loads((place / "request.json").read_text())
    done: list[tuple[str, Snapshot]] = []
    left_out: dict[str, str] = {}
    for section, (name, run) in _runs(request):
        try:
            done.append((section, run()))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other runs stand
            left_out[name] = f"Evidently could not ({type(error).__name__})"
    (place / "report.html").write_text(_html(request["title"], done))
    used = resource.getrusage(resource.RUSAGE_SELF)
    document = {
        **_joined(done),
        "left_out": left_out,
        "renderer": {
            "evidently": metadata.version("evidently"),
            "network_closed": is_isolated,
            "peak_megabytes": used.ru_maxrss // 1024,
            "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        },
    }
    (place / "report.json").write_text(json.dumps(_plain(document), allow_nan=False))


def _runs(request: dict[str, Any]) -> Iterator[tuple[str, Named]]:
    figures = request["figures"]
    if figures:
        yield "Measures of the engine, from all cases", ("measures", partial(_own, figures))
    for column in request["columns"]:
        section = "Drift against the reference, of the cases drawn"
        yield section, (column["name"], partial(_drift, column))
    for finding in request["classified"]:
        section = f"Classification of {finding['key']}, {finding['labelled']} labelled cases"
        name = f"classification of {finding['key']}"
        yield section, (name, partial(_classification, finding))


def _own(figures: list[dict[str, Any]]) -> Snapshot:
    metrics = [
        _BY_NAME[figure["metric"]](
            name=figure["name"],
            amount=figure["value"],
            facts=[list(fact) for fact in figure["facts"]],
            tests=_tests(figure),
        )
        for figure in figures
    ]
    return Report(metrics).run(_NOTHING, None)


def _tests(figure: dict[str, Any]) -> list[Any]:
    limits = ((figure["at_most"], lte), (figure["at_least"], gte))
    return [test(limit) for limit, test in limits if limit is not None]


def _drift(column: dict[str, Any]) -> Snapshot:
    name = column["name"]
    metric = ValueDrift(column=name, method=column["method"], threshold=column["threshold"])
    is_number = column["kind"] == NUMERICAL
    definition = DataDefinition(
        numerical_columns=[name] if is_number else [],
        categorical_columns=[] if is_number else [name],
    )
    now, before = (
        Dataset.from_pandas(_frame(name, column[side], is_number), data_definition=definition)
        for side in ("now", "before")
    )
    return Report([metric], include_tests=True).run(now, before)


def _frame(name: str, values: list[Any], is_number: bool) -> pd.DataFrame:
    known = pd.Series([value for value in values if value is not None], name=name)
    return known.astype("float64" if is_number else "object").to_frame()


def _classification(finding: dict[str, Any]) -> Snapshot:
    frame = pd.DataFrame({"truth": finding["truths"], "score": finding["scores"]}).dropna()
    frame = frame.astype({"truth": "int64", "score": "float64"})
    task = BinaryClassification(target="truth", prediction_probas="score", pos_label=1)
    definition = DataDefinition(numerical_columns=["score"], classification=[task])
    at = {"probas_threshold": finding["threshold"]}
    metrics = [RocAuc(), LogLoss(), TPR(**at), TNR(**at), Precision(**at)]
    # Tests on a dummy model are none that anybody asked for.
    return Report(metrics, include_tests=False).run(
        Dataset.from_pandas(frame, data_definition=definition), None
    )


def _html(title: str, done: list[tuple[str, Snapshot]]) -> str:
    widgets: list[BaseWidgetInfo] = [header_text(label=title)]
    section = ""
    for name, snapshot in done:
        if name != section:
            widgets.append(header_text(label=name))
            section = name
        widgets += snapshot._widgets  # noqa: SLF001 - no public way joins runs in one document
    return str(render_widgets([group_widget(title="", widgets=widgets)], as_iframe=False))


def _joined(done: list[tuple[str, Snapshot]]) -> dict[str, Any]:
    parts = [json.loads(snapshot.json()) for _, snapshot in done]
    return {
        name: [one for part in parts for one in part.get(name, [])] for name in ("metrics", "tests")
    }


def _plain(value: Any) -> Any:
    """Return the value without what JSON has no word for: no number is null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
