"""The task list: how far each task is, from what the package says and what was answered. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from model_registry.packages.layout import CARD, MANIFEST, REFERENCE, SAFETY_CASE
from model_registry.submissions.models import Rehearsal, Upload
from model_registry.submissions.questions import (
    QUESTIONS,
    TITLES,
    Task,
    checked,
    words_of,
)
from model_registry.submissions.reading import Reading
from vigil.kernel.errors import Fault, Invalid

# Declarations are made about one package, which is named by its digest.
DECLARED_FOR: Final = "package"
_OF_PACKAGE: Final = (
    Task.PACKAGE,
    Task.INTENDED_USE,
    Task.VALIDATION,
    Task.LIMITATIONS,
    Task.SAFETY_CASE,
)


class Status(StrEnum):
    """The words of the NHS task list."""

    COMPLETE = "Completed"
    RUNNING = "In progress"
    NOT_STARTED = "Not yet started"
    CANNOT_START = "Cannot start yet"
    PROBLEM = "There is a problem"


@dataclass(frozen=True)
class TaskState:
    """How far one task is. `note` says in a sentence what a status leaves open."""

    task: Task
    status: Status
    faults: tuple[Fault, ...] = ()
    note: str = ""

    @property
    def title(self) -> str:
        return TITLES[self.task]

    @property
    def is_done(self) -> bool:
        return self.status is Status.COMPLETE


@dataclass(frozen=True)
class Checklist:
    """All tasks of one submission.

    Attributes:
        upload: the package that it has, if any.
        answers: by task, then by question.
        taken: what the registry has against the package: another supplier's, a label in use.
    """

    upload: Upload | None
    answers: Mapping[str, Mapping[str, str]]
    taken: Sequence[Fault] = field(default=())

    @property
    def reading(self) -> Reading:
        kept = self.upload.reading if self.upload else None
        return Reading.of_json(kept) if kept else Reading()

    @property
    def tasks(self) -> tuple[TaskState, ...]:
        of_package = [self._of_package(task) for task in _OF_PACKAGE]
        readable = self.upload is not None and not any(state.faults for state in of_package)
        return (
            *of_package,
            self._asked(Task.PEOPLE),
            self._asked(Task.RELEASE_NOTES),
            self._rehearsal(readable=readable),
            self._declarations(),
        )

    @property
    def package_faults(self) -> list[Fault]:
        """All that is wrong with the package, whichever task names it."""
        return [*self.reading.faults, *self.taken]

    @property
    def missing(self) -> list[Fault]:
        """What stands between the draft and its submission; empty for one that may be sent."""
        return [
            Fault(state.task.value, state.status.value.lower(), f"Finish the task: {state.title}")
            for state in self.tasks
            if not state.is_done
        ]

    def task(self, task: Task) -> TaskState:
        return next(state for state in self.tasks if state.task is task)

    def _of_package(self, task: Task) -> TaskState:
        if self.upload is None:
            first = task is Task.PACKAGE
            return TaskState(task, Status.NOT_STARTED if first else Status.CANNOT_START)
        faults = tuple(f for f in self.package_faults if task_of(f) is task)
        if faults:
            return TaskState(task, Status.PROBLEM, faults)
        if task is not Task.PACKAGE and self._document(task) is None:
            return TaskState(task, Status.CANNOT_START, note="Its file could not be read.")
        return TaskState(task, Status.COMPLETE)

    def _document(self, task: Task) -> object:
        reading = self.reading
        if task is Task.SAFETY_CASE:
            return reading.safety_case
        if task is Task.INTENDED_USE and reading.manifest is None:
            return None
        return reading.card

    def _asked(self, task: Task) -> TaskState:
        given = self.answers.get(task.value)
        if not given:
            return TaskState(task, Status.NOT_STARTED)
        try:
            checked(task, {q.name: given.get(q.name, "") for q in QUESTIONS[task]})
        except Invalid as error:
            return TaskState(task, Status.PROBLEM, error.faults)
        return TaskState(task, Status.COMPLETE)

    def _declarations(self) -> TaskState:
        state = self._asked(Task.DECLARATIONS)
        if self.upload is None:
            return TaskState(Task.DECLARATIONS, Status.CANNOT_START)
        given = self.answers.get(Task.DECLARATIONS.value, {})
        words = (words_of(question) for question in QUESTIONS[Task.DECLARATIONS])
        note = ""
        if given.get(DECLARED_FOR) != self.upload.digest:
            note = "The package was replaced after they were made. Make them again."
        elif any(given.get(name) != said for name, said in words):
            note = "Their words have changed since they were made. Make them again."
        if state.is_done and note:
            return TaskState(Task.DECLARATIONS, Status.NOT_STARTED, note=note)
        return state

    def _rehearsal(self, *, readable: bool) -> TaskState:
        if self.upload is None or not readable:
            return TaskState(Task.TEST_RUN, Status.CANNOT_START)
        if self.upload.rehearsal is None:
            return TaskState(Task.TEST_RUN, Status.NOT_STARTED)
        if self.upload.rehearsal is Rehearsal.REQUESTED:
            return TaskState(Task.TEST_RUN, Status.RUNNING)
        if self.upload.rehearsal is Rehearsal.PASSED:
            return TaskState(Task.TEST_RUN, Status.COMPLETE)
        failed = tuple(
            Fault(verdict["name"], "not passed", verdict["evidence"])
            for verdict in self.upload.verdicts or ()
            if not verdict["passed"]
        )
        return TaskState(Task.TEST_RUN, Status.PROBLEM, failed)


def task_of(fault: Fault) -> Task:
    """Return the task on whose page a fault of the package is named."""
    file, _, place = fault.field.partition(":")
    if file == SAFETY_CASE:
        return Task.SAFETY_CASE
    if file == REFERENCE or (file == CARD and place.startswith("evaluation")):
        return Task.VALIDATION
    if file == CARD and place.startswith(("limitations", "out_of_scope")):
        return Task.LIMITATIONS
    if file == CARD or (file == MANIFEST and place.startswith("model.device")):
        return Task.INTENDED_USE
    return Task.PACKAGE
