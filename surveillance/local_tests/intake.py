"""Attach labels to the site's own studies: every cell of the table ends in exactly one count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surveillance.local_tests import repository
from surveillance.local_tests.labels import Label, Table
from surveillance.local_tests.models import LocalTest, LocalTestCase
from surveillance.local_tests.repository import Known
from surveillance.local_tests.rule import Rule
from vigil.kernel.db import WriteSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor

SHOWN = 50
_AGAIN = "Send it again when the study is complete"
_TWICE = "Ask who labelled, and send the right one alone"
Slot = tuple[str, str | None, str]


@dataclass
class Intake:
    """What came of a table: `cells` is the sum of the other counts below it.

    `unknown` are cells whose study or image this site has not received; another site's are unknown
    too. `refused` cells are in `faults`, of which the first are kept.
    """

    digest: str
    rows: int = 0
    cells: int = 0
    accepted: int = 0
    positives: int = 0
    blank: int = 0
    repeated: int = 0
    unknown: int = 0
    refused: int = 0
    faults: list[Fault] = field(default_factory=list)
    unknown_uids: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        counted = self.accepted + self.blank + self.repeated + self.unknown + self.refused
        return self.cells == counted

    def as_json(self) -> dict[str, Any]:
        """Return the counts, as the test keeps them: without UIDs and without any line's text."""
        kept = ("digest", "rows", "cells", "accepted", "positives", "blank", "repeated")
        return {name: getattr(self, name) for name in (*kept, "unknown", "refused")}


def take_in(
    session: WriteSession, actor: Actor, test: LocalTest, table: Table, digest: str
) -> Intake:
    """Make a case of each label that can be one, and count all the others."""
    rule = Rule.model_validate(test.rule)
    find = repository.images_by_uid if rule.unit == "image" else repository.studies_by_uid
    known = find(session, actor, test.site_id, (label.uid for label in table.labels))
    intake = Intake(digest, table.rows, table.cells, blank=table.blank)
    intake.refused, intake.faults = len(table.faults), list(table.faults)
    before: dict[Slot, bool] = {
        (case.study_id, case.instance_id, case.finding_key): case.label
        for case in repository.cases(session, actor, test.id)
    }
    contradicted = _contradicted(table.labels, known)
    for label in table.labels:
        _take(session, test, label, known.get(label.uid), before, contradicted, intake)
    session.flush()
    intake.unknown_uids = list(dict.fromkeys(intake.unknown_uids))[:SHOWN]
    intake.faults = list(dict.fromkeys(intake.faults))[:SHOWN]
    return intake


def _take(
    session: WriteSession,
    test: LocalTest,
    label: Label,
    known: Known | None,
    before: dict[Slot, bool],
    contradicted: set[Slot],
    intake: Intake,
) -> None:
    if known is None:
        intake.unknown += 1
        intake.unknown_uids.append(label.uid)
        return
    slot = _slot(label, known)
    place = f"line {label.line}, {label.finding}"
    if not known.closed:
        _refuse(intake, Fault(place, "the study is still arriving", _AGAIN))
    elif slot in contradicted:
        _refuse(intake, Fault(place, "labelled present and absent in this table", _TWICE))
    elif slot in before and before[slot] is not label.present:
        _refuse(intake, Fault(place, "labelled otherwise in an earlier table", _TWICE))
    elif slot in before:
        intake.repeated += 1
    else:
        before[slot] = label.present
        intake.accepted += 1
        intake.positives += label.present
        session.add(_case(session, test, label, known))


def _case(session: WriteSession, test: LocalTest, label: Label, known: Known) -> LocalTestCase:
    return LocalTestCase(
        id=session.new_id("ltc"),
        local_test_id=test.id,
        site_id=test.site_id,
        study_id=known.study_id,
        instance_id=known.instance_id,
        finding_key=label.finding,
        label=label.present,
    )


def _slot(label: Label, known: Known) -> Slot:
    return known.study_id, known.instance_id, label.finding


def _contradicted(labels: Sequence[Label], known: Mapping[str, Known]) -> set[Slot]:
    """Return what the table says both of: neither can be believed."""
    said: dict[Slot, set[bool]] = {}
    for label in labels:
        if label.uid in known:
            said.setdefault(_slot(label, known[label.uid]), set()).add(label.present)
    return {slot for slot, values in said.items() if len(values) > 1}


def _refuse(intake: Intake, fault: Fault) -> None:
    intake.refused += 1
    intake.faults.append(fault)
