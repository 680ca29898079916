"""Give every line of labels its verdict. Pure: what is known is handed over."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from surveillance.truth.lines import UID, Line
from surveillance.truth.standing import Told, standing
from surveillance.truth.verdicts import Verdict

FINDING: Final = "finding"
PRESENT: Final = "present"
LABEL_DAY: Final = "label_day"
_WORDS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "present", "positive"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "absent", "negative"), False),
    "withdrawn": None,
}
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_UID = 64
# A study of the evening may arrive on the next day (UTC) with the report of the evening.
_GRACE = timedelta(days=1)


@dataclass(frozen=True)
class KnownStudy:
    """A study of the site: its pseudonym, its day, and the findings that some version judged."""

    pseudonym: str
    exam_day: date | None
    judged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Statement:
    """A line that can be read."""

    line: Line
    study: KnownStudy
    finding: str
    present: bool | None
    day: date
    is_dated: bool

    @property
    def subject(self) -> tuple[str, str]:
        return (self.study.pseudonym, self.finding)


def is_uid(text: str) -> bool:
    """Whether this is a UID as PS3.5 section 9 writes one."""
    return len(text) <= _LONGEST_UID and _UID.fullmatch(text) is not None


def read(
    line: Line, studies: Mapping[str, KnownStudy], findings: Collection[str], today: date
) -> Statement | Verdict:
    """Return what a line says, or why it cannot be taken."""
    word = line[PRESENT].lower()
    if not is_uid(line[UID]):
        return Verdict.BAD_UID
    if word not in _WORDS:
        return Verdict.BAD_VALUE if word else Verdict.BLANK
    study = studies.get(line[UID])
    if study is None:
        return Verdict.UNKNOWN_STUDY
    if line[FINDING] not in findings:
        return Verdict.UNKNOWN_FINDING
    day = _day(line[LABEL_DAY], study.exam_day, today)
    if isinstance(day, Verdict):
        return day
    return Statement(line, study, line[FINDING], _WORDS[word], day, bool(line[LABEL_DAY]))


def _day(text: str, exam_day: date | None, today: date) -> date | Verdict:
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        return Verdict.BAD_DATE
    if day > today:
        # A clock that was set back may have sent the study from tomorrow; its label is of now.
        return Verdict.IN_FUTURE
    if exam_day is None or not text:
        return day
    if day < exam_day - _GRACE:
        return Verdict.BEFORE_EXAM
    return max(day, min(exam_day, today))


def conflicting(statements: Sequence[Statement]) -> set[int]:
    """Return the lines of one table that say two things of one finding, study and day."""
    said: dict[tuple[str, str, date], list[Statement]] = defaultdict(list)
    for one in statements:
        said[(*one.subject, one.day)].append(one)
    return {
        one.line.number
        for group in said.values()
        if len({one.present for one in group}) > 1
        for one in group
    }


@dataclass
class Book:
    """The labels of one finding in one study, to which statements are added in turn."""

    history: list[Told]
    is_judged: bool

    @property
    def standing(self) -> Told | None:
        return standing(self.history)

    def enter(self, one: Statement) -> Verdict:
        """Add a statement where it says something new, and return what came of it.

        Also what changes nothing now is kept: it may matter when an earlier one arrives later.
        """
        before = self.standing
        if self._is_known(one, before):
            return Verdict.REPEATED
        self.history.append(Told(one.present, one.day, len(self.history)))
        was, now = _said(before), _said(self.standing)
        if now is not was:
            return self._changed(was, now)
        if one.present is was:
            return Verdict.NOTHING_TO_WITHDRAW if was is None else Verdict.REPEATED
        return Verdict.OUTDATED

    def _changed(self, was: bool | None, now: bool | None) -> Verdict:
        if now is None:
            return Verdict.WITHDRAWN
        if was is not None:
            return Verdict.CORRECTED
        return Verdict.ACCEPTED if self.is_judged else Verdict.WAITING

    def _is_known(self, one: Statement, before: Told | None) -> bool:
        if any((told.present, told.day) == (one.present, one.day) for told in self.history):
            # The last word of a day stands; the same word before it does not make it new.
            last = [told for told in self.history if told.day == one.day][-1]
            return last.present == one.present
        # Without a day it is said of now, and what stands already says so.
        return not one.is_dated and before is not None and before.present == one.present


def _said(told: Told | None) -> bool | None:
    return None if told is None else told.present


def judge(
    statements: Sequence[Statement], book_of: Callable[[Statement], Book]
) -> dict[int, Verdict]:
    """Return the verdict of each statement, entering them by day and then by line."""
    refused = conflicting(statements)
    found = dict.fromkeys(refused, Verdict.CONFLICTING)
    for one in sorted(statements, key=lambda one: (one.day, one.line.number)):
        if one.line.number not in refused:
            found[one.line.number] = book_of(one).enter(one)
    return found
