"""Keep which groups a table says that studies belong to, and let their records count there.

Ethnicity, deprivation and care setting are not in DICOM; a site tells them from its own systems.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from surveillance.axes import TOLD_AXES, UNKNOWN, crossed
from surveillance.records.models import PredictionRecord
from surveillance.records.pseudonyms import Pseudonyms
from surveillance.records.service import Correction
from surveillance.truth import repository
from surveillance.truth.books import Studies
from surveillance.truth.intake import Sent, Verdicts
from surveillance.truth.judging import KnownStudy, is_uid
from surveillance.truth.lines import UID, Line
from surveillance.truth.models import StudyGroup
from surveillance.truth.verdicts import Verdict
from vigil.kernel.db import WriteSession
from vigil.kernel.keys import Keys

# Patient Source Setting Type of the NHS Diagnostic Imaging Dataset, in words.
SETTINGS: Final = (
    "inpatient",
    "day_case",
    "outpatient",
    "gp",
    "emergency",
    "other_provider",
    "other",
)
_ETHNICITY = re.compile(r"[\w][\w ,./()+-]{0,63}")


def _ethnicity(text: str) -> str | None:
    """Return a category as the site's coding has it, such as those of the NHS Data Dictionary."""
    return " ".join(text.split()) if _ETHNICITY.fullmatch(text) else None


def _imd(text: str) -> str | None:
    """Return a decile of the Index of Multiple Deprivation: 1, the most deprived, to 10."""
    return str(int(text)) if re.fullmatch(r"0?[1-9]|10", text) else None


def _setting(text: str) -> str | None:
    return text.lower() if text.lower() in SETTINGS else None


_READ: Final[Mapping[str, Callable[[str], str | None]]] = {
    "ethnicity": _ethnicity,
    "imd": _imd,
    "setting": _setting,
}


def read(line: Line, studies: Mapping[str, KnownStudy]) -> dict[str, str] | Verdict:
    """Return the levels that a line tells, or why it cannot be taken; a blank cell tells none."""
    if not is_uid(line[UID]):
        return Verdict.BAD_UID
    told = {axis: line[axis] for axis in TOLD_AXES if line[axis]}
    if not told:
        return Verdict.BLANK
    levels = {
        axis: UNKNOWN if text.lower() == UNKNOWN else _READ[axis](text)
        for axis, text in told.items()
    }
    if None in levels.values():
        return Verdict.BAD_VALUE
    if line[UID] not in studies:
        return Verdict.UNKNOWN_STUDY
    return {axis: level for axis, level in levels.items() if level is not None}


def conflicting(told: Mapping[int, tuple[str, dict[str, str]]]) -> set[int]:
    """Return the lines of one table that put a study into two groups of one axis."""
    said: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for number, (study, levels) in told.items():
        for axis, level in levels.items():
            said[study, axis][number] = level
    return {number for lines in said.values() if len({*lines.values()}) > 1 for number in lines}


@dataclass(frozen=True)
class Grouping:
    """Judges the lines of a batch, and writes what they change."""

    session: WriteSession
    keys: Keys
    sent: Sent

    def __call__(self, batch_id: str, lines: Sequence[Line]) -> Verdicts:
        names = Pseudonyms(self.keys)
        uids = (line[UID] for line in lines)
        studies = Studies(self.session, names, self.sent.site_id, uids)
        found: dict[int, Verdict] = {}
        told: dict[int, tuple[str, dict[str, str]]] = {}
        for line in lines:
            levels = read(line, studies.by_uid)
            if isinstance(levels, Verdict):
                found[line.number] = levels
            else:
                told[line.number] = (studies.by_uid[line[UID]].pseudonym, levels)
        at_odds = conflicting(told)
        found |= dict.fromkeys(at_odds, Verdict.CONFLICTING)
        kept = {number: one for number, one in told.items() if number not in at_odds}
        return {**found, **self._keep(batch_id, kept, studies)}

    def _keep(
        self, batch_id: str, told: Mapping[int, tuple[str, dict[str, str]]], studies: Studies
    ) -> Verdicts:
        session, site_id = self.session, self.sent.site_id
        pseudonyms = sorted({study for study, _ in told.values()})
        rows = {row.study_pseudonym: row for row in repository.groups(session, site_id, pseudonyms)}
        found = {}
        for number, (study, levels) in told.items():
            row = rows.get(study)
            if row is None:
                row = rows[study] = StudyGroup(
                    id=session.new_id("sgr"),
                    site_id=site_id,
                    study_pseudonym=study,
                    levels={},
                    batch_id=batch_id,
                    recorded_at=session.now(),
                )
            found[number] = _verdict(row.levels, levels, is_waiting=study not in studies.records)
            if found[number] is not Verdict.REPEATED:
                row.levels = row.levels | levels
                row.batch_id, row.recorded_at = batch_id, session.now()
            session.add(row)
        session.flush()
        apply(
            session,
            [
                (record, rows[study].levels)
                for study in pseudonyms
                for record in studies.records.get(study, ())
            ],
        )
        return found


def _verdict(held: Mapping[str, str], levels: Mapping[str, str], *, is_waiting: bool) -> Verdict:
    if all(held.get(axis) == level for axis, level in levels.items()):
        return Verdict.REPEATED
    if any(axis in held and held[axis] != level for axis, level in levels.items()):
        return Verdict.CORRECTED
    return Verdict.WAITING if is_waiting else Verdict.ACCEPTED


def apply(
    session: WriteSession, wanted: Sequence[tuple[PredictionRecord, Mapping[str, str]]]
) -> int:
    """Let records count in the groups that were told; return how many records that changes."""
    changed = [
        (record, levels)
        for record, levels in wanted
        if any(record.attributes.get(axis) != level for axis, level in levels.items())
    ]
    with Correction(session, [record for record, _ in changed]):
        for record, levels in changed:
            record.attributes = crossed({**record.attributes, **levels})
            session.add(record)
    return len(changed)
