"""What the wizard asks because no package holds it, and how an answer is checked.

The same questions make the forms, the API's answers and the page on which they are checked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vigil.kernel.errors import Fault, Invalid

SHORT: Final = 200
LONG: Final = 4000
YES: Final = "yes"
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Task(StrEnum):
    """The tasks of a submission, in the order of the list."""

    PACKAGE = "package"
    INTENDED_USE = "intended_use"
    VALIDATION = "validation"
    LIMITATIONS = "limitations"
    SAFETY_CASE = "safety_case"
    PEOPLE = "people"
    RELEASE_NOTES = "release_notes"
    TEST_RUN = "test_run"
    DECLARATIONS = "declarations"


TITLES: Final[dict[Task, str]] = {
    Task.PACKAGE: "The package",
    Task.INTENDED_USE: "Intended use and device class",
    Task.VALIDATION: "Validation data and subgroups",
    Task.LIMITATIONS: "Limitations",
    Task.SAFETY_CASE: "DCB0129 clinical safety case",
    Task.PEOPLE: "People to contact",
    Task.RELEASE_NOTES: "Release notes",
    Task.TEST_RUN: "Test run",
    Task.DECLARATIONS: "Declarations",
}


class Form(StrEnum):
    """How a question is answered."""

    LINE = "line"
    EMAIL = "email"
    TEXT = "text"
    TICK = "tick"


@dataclass(frozen=True)
class Question:
    """One thing that is asked. Of a tick, `label` is the exact words that are declared."""

    name: str
    label: str
    form: Form = Form.LINE
    hint: str = ""
    autocomplete: str = ""

    @property
    def limit(self) -> int:
        return LONG if self.form is Form.TEXT else SHORT

    def fault(self, answer: str) -> Fault | None:
        """Say what is wrong with an answer."""
        if self.form is Form.TICK:
            if answer == YES:
                return None
            return Fault(self.name, "not declared", f"Tick it if it is true: {self.label}")
        if not answer:
            return Fault(self.name, "empty", f"Enter: {self.label.lower()}")
        if len(answer) > self.limit:
            return Fault(self.name, "too long", f"Use at most {self.limit} characters")
        if self.form is Form.EMAIL and not _EMAIL.fullmatch(answer):
            return Fault(self.name, "not an email address", "Write one like name@example.org")
        return None


QUESTIONS: Final[dict[Task, tuple[Question, ...]]] = {
    Task.PEOPLE: (
        Question(
            "officer_name",
            "Name of your clinical safety officer",
            hint="The person who is responsible for the DCB0129 file (DCB0129 requirement 2.3).",
        ),
        Question(
            "officer_registration",
            "Their professional registration",
            hint="The body and the number, such as GMC 1234567.",
        ),
        Question("officer_email", "Their email address", Form.EMAIL),
        Question("technical_name", "Name of your technical contact"),
        Question(
            "technical_email",
            "Their email address for technical questions",
            Form.EMAIL,
            hint="Read on every working day while the submission is reviewed.",
        ),
    ),
    Task.RELEASE_NOTES: (
        Question(
            "changes",
            "What is new in this version",
            Form.TEXT,
            hint="Against the version before. For a first version, write that it is the first.",
        ),
        Question(
            "known_problems",
            "Known problems",
            Form.TEXT,
            hint="What users should know that the card's limitations do not say. Write None if "
            "there are none.",
        ),
    ),
    Task.DECLARATIONS: (
        Question(
            "accurate",
            "What this submission and its package say is complete and true as far as we know.",
            Form.TICK,
        ),
        Question(
            "safety",
            "Our clinical safety officer has approved the DCB0129 safety case in this package.",
            Form.TICK,
        ),
        Question(
            "data",
            "We were allowed to use the data that this model was made and tested with, and the "
            "package holds nothing that identifies a patient.",
            Form.TICK,
        ),
        Question(
            "notice",
            "We will tell the network without delay of any fault or change that may affect the "
            "safety of patients.",
            Form.TICK,
        ),
    ),
}


def words_of(question: Question) -> tuple[str, str]:
    """Return under which name the words of a tick are kept with it, and the words.

    What was declared must still read as it was declared when this text has changed.
    """
    return f"{question.name}:words", question.label


def checked(task: Task, answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers of a task, in its order and without blanks around them.

    Raises:
        Invalid: the task asks nothing, or an answer is missing or wrong; names each.
    """
    asked = QUESTIONS.get(task)
    if asked is None:
        remedy = "Upload a package that says it"
        raise Invalid.because([Fault(task.value, "nothing is asked here", remedy)])
    kept = {question.name: tidy(answers.get(question.name, "")) for question in asked}
    faults = [
        Fault(name, "not asked in this task", f"Use only {', '.join(kept)}")
        for name in sorted(set(answers) - set(kept))
    ]
    faults += [fault for question in asked if (fault := question.fault(kept[question.name]))]
    if faults:
        raise Invalid.because(faults)
    return kept | dict(words_of(q) for q in asked if q.form is Form.TICK)


def tidy(answer: str) -> str:
    """Return an answer as it is kept: no control characters but ends of lines."""
    lines = answer.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c for c in line if c.isprintable()) for line in lines).strip()
