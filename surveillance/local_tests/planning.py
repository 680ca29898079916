"""A pass rule as a form asks for it: its fields, and the rule that the answers make. Pure.

The form asks for one kind of bar for each finding and one set of groups; a rule by API or command
line may mix them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from model_registry.packages.manifest import FindingSpec
from surveillance.axes import IMAGE_AXES
from surveillance.local_tests.rule import METRICS
from vigil.kernel.errors import Fault

TICKED: Final = "yes"
# As in the rule itself (`surveillance.local_tests.rule`).
MOST_CASES: Final = 1_000_000
LONGEST_REASON: Final = 500
WIDEST_MARGIN: Final = 0.5
ON: Final = (
    ("lower_bound", "The low end of its 95% interval"),
    ("estimate", "The figure itself"),
)
UNITS: Final = (("study", "A study"), ("image", "An image"))
SAMPLINGS: Final = (
    ("consecutive", "All of a period, as they came"),
    ("selected", "Chosen ones"),
)
TESTED: Final = (("yes", "Test it"), ("no", "Leave it out, with the reason"))
DEFAULTS: Final[Mapping[str, str]] = {
    "unit": "study",
    "sampling": "consecutive",
    "max_not_analysed": "0.1",
    "group_min_cases": "20",
    **{f"axis-{axis}": TICKED for axis in IMAGE_AXES},
}
OF_FINDING: Final[Mapping[str, str]] = {
    "tested": TICKED,
    "on": "lower_bound",
    "min_positives": "30",
    "min_negatives": "30",
}
_TEXTS: Final = ("title", "unit", "sampling", "max_not_analysed", "group_min_cases")
_OF_FINDING: Final = (
    "tested", "left_out", "on", "min_positives", "min_negatives", "threshold",
    *METRICS, *(f"{metric}_margin" for metric in METRICS),
)  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """What the answers make: a rule as a document, the site's thresholds, and what is wrong."""

    rule: dict[str, Any]
    thresholds: dict[str, float]
    faults: tuple[Fault, ...]


def fields(findings: Sequence[FindingSpec]) -> list[str]:
    """Return the names of all fields of the form, as they stand on it."""
    own = [f"{finding.key}-{name}" for finding in findings for name in _OF_FINDING]
    groups = [f"group_{metric}" for metric in METRICS]
    return [*_TEXTS, *own, *groups, *(f"axis-{axis}" for axis in IMAGE_AXES)]


def defaults(findings: Sequence[FindingSpec], thresholds: Mapping[str, float]) -> dict[str, str]:
    """Return what an empty form holds: the thresholds are those in use at the site."""
    found = dict(DEFAULTS)
    for finding in findings:
        found |= {f"{finding.key}-{name}": value for name, value in OF_FINDING.items()}
        if finding.key in thresholds:
            found[f"{finding.key}-threshold"] = f"{thresholds[finding.key]:g}"
    return found


def planned(typed: Mapping[str, str], findings: Sequence[FindingSpec]) -> Planned:
    """Return the rule that was typed; each fault is at its field."""
    return _Reading(typed).whole(findings)


class _Reading:
    """One form on its way to a rule."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self._typed = typed
        self._faults: list[Fault] = []

    def whole(self, findings: Sequence[FindingSpec]) -> Planned:
        if not self._text("title"):
            self._wrong("title", "empty", "Name the test")
        tested = [one for one in findings if self._text(f"{one.key}-tested") != "no"]
        if not tested and findings:
            self._wrong(f"{findings[0].key}-tested", "nothing is tested", "Test one at least")
        rule = {
            "unit": self._text("unit"),
            "sampling": self._text("sampling"),
            "findings": [self._finding(one.key) for one in tested],
            "left_out": {one.key: self._left_out(one.key) for one in findings if one not in tested},
            "max_not_analysed": self._share("max_not_analysed"),
            "subgroups": list(self._groups()),
        }
        thresholds = {one.key: self._number(f"{one.key}-threshold") for one in tested}
        given = {key: value for key, value in thresholds.items() if value is not None}
        return Planned(rule, given, tuple(self._faults))

    def _finding(self, key: str) -> dict[str, Any]:
        bars = [
            {"metric": metric, "at_least": value, "on": self._text(f"{key}-on")}
            for metric in METRICS
            if (value := self._share(f"{key}-{metric}", may_be_empty=True)) is not None
        ]
        margins = [
            {"metric": metric, "margin": value}
            for metric in METRICS
            if (value := self._margin(f"{key}-{metric}_margin")) is not None
        ]
        if not bars and not margins:
            remedy = "Give one bar or margin at least, or leave the finding out"
            self._wrong(f"{key}-sensitivity", "without a bar everything passes", remedy)
        return {
            "finding": key,
            "bars": bars,
            "non_inferior": margins,
            "min_positives": self._count(f"{key}-min_positives", 1),
            "min_negatives": self._count(f"{key}-min_negatives", 1),
        }

    def _left_out(self, key: str) -> str:
        reason = self._text(f"{key}-left_out")
        if not 1 <= len(reason) <= LONGEST_REASON:
            self._wrong(f"{key}-left_out", "empty or too long", "Say why, in up to 500 characters")
        return reason

    def _groups(self) -> Iterator[dict[str, Any]]:
        axes = [axis for axis in IMAGE_AXES if self._text(f"axis-{axis}") == TICKED]
        for metric in METRICS:
            floor = self._share(f"group_{metric}", may_be_empty=True)
            if floor is None:
                continue
            if not axes:
                remedy = "Tick what groups are made by, or leave this empty"
                self._wrong(f"group_{metric}", "no group is chosen", remedy)
            least = self._count("group_min_cases", 2)
            yield {"metric": metric, "floor": floor, "min_cases": least, "axes": axes}

    def _share(self, name: str, *, may_be_empty: bool = False) -> float | None:
        if may_be_empty and not self._text(name):
            return None
        value = self._number(name)
        if value is None or not 0 <= value <= 1:
            self._wrong(name, "not a share", "Write a number from 0 to 1, such as 0.80")
        return value

    def _margin(self, name: str) -> float | None:
        value = self._number(name)
        if value is not None and not 0 < value <= WIDEST_MARGIN:
            self._wrong(name, "not a margin", "Write a number above 0 and up to 0.5, such as 0.05")
        return value

    def _count(self, name: str, least: int) -> int:
        text = self._text(name)
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= MOST_CASES):
            self._wrong(name, "not a number of cases", f"Write a whole number from {least}")
            return least
        return int(text)

    def _number(self, name: str) -> float | None:
        """Return the number in a field; None where it is empty or none, which is then a fault."""
        text = self._text(name)
        if not text:
            return None
        try:
            return float(text)
        except ValueError:
            self._wrong(name, "not a number", "Write it as 0.80")
            return None

    def _text(self, name: str) -> str:
        return self._typed.get(name, "").strip()

    def _wrong(self, name: str, problem: str, remedy: str) -> None:
        if all(fault.field != name for fault in self._faults):
            self._faults.append(Fault(name, problem, remedy))
