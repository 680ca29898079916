"""Where every row of a table went: rows in are rows out, by named reason."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """What became of a row. The first that holds counts."""

    REFERENCE = "used as the reference"
    WATCHED = "watched"
    NO_DAY = "no day, or one that cannot be read"
    CLOCK_JUMP = "a day more than a year from all others"
    FUTURE = "a day that has not come yet"
    NO_SCORE = "no score"
    NOT_A_NUMBER = "a score that is no number"
    INFINITE = "an infinite score"
    REPEATED = "an id that was there before"
    BEFORE = "before or on the last day of the reference"


@dataclass
class Accounts:
    """Attributes: rows: how many the table has; of: how many came to what; notes: what else."""

    rows: int = 0
    of: dict[Reason, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, reason: Reason, rows: int) -> None:
        if rows:
            self.of[reason] = self.of.get(reason, 0) + int(rows)

    @property
    def is_whole(self) -> bool:
        return self.rows == sum(self.of.values())

    def as_json(self) -> dict[str, Any]:
        counted = {reason.value: self.of[reason] for reason in Reason if reason in self.of}
        return {"rows": self.rows, "of": counted, "notes": list(self.notes)}
