"""What came of a line that was sent: each has exactly one verdict, so that none can get lost."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """The first group is kept, the second changes nothing, the third could not be taken."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    OUTDATED = "outdated"

    REPEATED = "repeated"
    BLANK = "blank"
    NOTHING_TO_WITHDRAW = "nothing_to_withdraw"

    UNKNOWN_STUDY = "unknown_study"
    UNKNOWN_FINDING = "unknown_finding"
    BAD_UID = "bad_uid"
    BAD_VALUE = "bad_value"
    BAD_DATE = "bad_date"
    BEFORE_EXAM = "before_exam"
    IN_FUTURE = "in_future"
    CONFLICTING = "conflicting"


REFUSED: Final = frozenset(
    {
        Verdict.UNKNOWN_STUDY,
        Verdict.UNKNOWN_FINDING,
        Verdict.BAD_UID,
        Verdict.BAD_VALUE,
        Verdict.BAD_DATE,
        Verdict.BEFORE_EXAM,
        Verdict.IN_FUTURE,
        Verdict.CONFLICTING,
    }
)
REMEDIES: Final[Mapping[Verdict, str]] = {
    Verdict.WAITING: "Nothing to do: it counts when a version has judged the study",
    Verdict.OUTDATED: "Nothing to do: a later label stands",
    Verdict.NOTHING_TO_WITHDRAW: "Check the study and the finding",
    Verdict.UNKNOWN_STUDY: "Send the table again when the site has received the study",
    Verdict.UNKNOWN_FINDING: "Use the key of a finding that a version at this site judges",
    Verdict.BAD_UID: "Write digits and points, as DICOM does",
    Verdict.BAD_VALUE: "Write one of the values that the documentation names",
    Verdict.BAD_DATE: "Write it as 2026-11-22, or leave it out",
    Verdict.BEFORE_EXAM: "Leave the date out where a study was sent after it was read",
    Verdict.IN_FUTURE: "Check the date and the clock",
    Verdict.CONFLICTING: "Ask who is right, and send one line",
}
