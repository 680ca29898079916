"""What a submission holds, task by task, as rows of a key and its value. Pure.

The page of a task and the page on which everything is checked show the same rows.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from model_registry.packages.layout import REFERENCE
from model_registry.submissions.checklist import Checklist
from model_registry.submissions.questions import QUESTIONS, Form, Question, Task, words_of

NOT_SAID: Final = "Not given"
_KB: Final = 1024

Row = tuple[str, str]


def rows_of(task: Task, tasks: Checklist) -> list[Row]:
    """Return what is known of a task; empty where nothing is yet."""
    if task in QUESTIONS:
        given = tasks.answers.get(task.value)
        return [] if not given else [_answered(q, given) for q in QUESTIONS[task]]
    if task is Task.TEST_RUN:
        return [(v["name"], v["evidence"]) for v in (tasks.upload and tasks.upload.verdicts) or ()]
    return _PACKAGE[task](tasks)


def size(length: int) -> str:
    """Return a number of bytes as people say it."""
    if length < _KB:
        return f"{length} bytes"
    if length < _KB * _KB:
        return f"{length / _KB:.0f} KB"
    return f"{length / _KB / _KB:.1f} MB"


def _answered(question: Question, given: Mapping[str, str]) -> Row:
    answer = given.get(question.name, "")
    if question.form is Form.TICK:
        name, words = words_of(question)
        return given.get(name, words), "Declared" if answer else "Not declared"
    return question.label, answer or NOT_SAID


def _package(tasks: Checklist) -> list[Row]:
    upload, reading = tasks.upload, tasks.reading
    if upload is None:
        return []
    files = [f"{name} ({size(length)})" for name, length in reading.files.items()]
    return [
        ("File", upload.filename or "Sent without a name"),
        ("Size", size(upload.size)),
        ("Digest (SHA-256)", upload.digest or NOT_SAID),
        ("Holds", ", ".join(files) or "Nothing that could be read"),
    ]


def _intended_use(tasks: Checklist) -> list[Row]:
    manifest, card = tasks.reading.manifest, tasks.reading.card
    rows: list[Row] = []
    if manifest is not None:
        model, device = manifest["model"], manifest["model"]["device"]
        rows += [
            ("Model", f"{model['name']} {model['version']}"),
            ("Licence", model["licence"]),
            ("Qualification", device["content_qualification"].capitalize()),
            ("Device class (UK)", device.get("class_uk") or NOT_SAID),
            ("Device identifier (UDI-DI)", device.get("udi_di") or NOT_SAID),
        ]
    if card is not None:
        rows += [("For the public", card["summary_public"]), ("Intended use", card["intended_use"])]
    return rows


def _validation(tasks: Checklist) -> list[Row]:
    card = tasks.reading.card
    if card is None:
        return []
    reference = tasks.reading.files.get(REFERENCE)
    rows = [
        (f"Evaluation {number}: {evaluation['dataset']}", _figures(evaluation["metrics"]))
        for number, evaluation in enumerate(card["evaluation"], start=1)
    ]
    kept = f"{REFERENCE} ({size(reference)})" if reference else "None in the package"
    return [*rows, ("Scores of the validation set", kept)]


def _limitations(tasks: Checklist) -> list[Row]:
    card = tasks.reading.card
    if card is None:
        return []
    return [
        ("Limitations", "\n".join(card["limitations"])),
        ("Not for", "\n".join(card["out_of_scope"])),
    ]


def _safety_case(tasks: Checklist) -> list[Row]:
    case = tasks.reading.safety_case
    if case is None:
        return []
    return [("Title", case["title"]), *(_hazard(hazard) for hazard in case["hazards"])]


def _hazard(hazard: Mapping[str, Any]) -> Row:
    lines = (
        hazard["harm"],
        f"Controls: {'; '.join(control['name'] for control in hazard['controls'])}",
        f"Risk at first: {_risk(hazard['initial'])}",
        f"Risk that remains: {_risk(hazard['residual'])}",
    )
    return f"Hazard: {hazard['name']}", "\n".join(lines)


def _risk(risk: Mapping[str, str]) -> str:
    return f"{risk['severity']}, likelihood {risk['likelihood'].replace('_', ' ')}"


def _figures(metrics: Iterable[Mapping[str, Any]]) -> str:
    """Say each metric with all that the card says of it: the subgroup, the interval, the count."""
    return "\n".join(_figure(dict(metric)) for metric in metrics)


def _figure(metric: dict[str, Any]) -> str:
    first = [str(metric.pop(name)) for name in ("name", "value") if name in metric]
    rest = [f"{name} {_plain(value)}" for name, value in metric.items()]
    return ", ".join([" ".join(first), *rest] if first else rest)


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return " to ".join(_plain(each) for each in value)
    return str(value)


_PACKAGE: Final = {
    Task.PACKAGE: _package,
    Task.INTENDED_USE: _intended_use,
    Task.VALIDATION: _validation,
    Task.LIMITATIONS: _limitations,
    Task.SAFETY_CASE: _safety_case,
}
