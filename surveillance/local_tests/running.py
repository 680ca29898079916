"""Run the studies of a test exactly as production would, and note what each case came to.

The same `Analyst` selects, guards, prepares and runs them with the site's thresholds. No `Run`, no
result and no delivery is written: a test is seen by nobody who reads images, and counted by no
stream.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inference.runs.analysis import Analysis, Analyst
from inference.runs.models import Outcome
from inference.runs.selection import Candidate
from inference.studies.models import Instance
from surveillance.axes import UNKNOWN, levels
from surveillance.local_tests import repository
from surveillance.local_tests.models import LocalTest, LocalTestCase
from surveillance.local_tests.rule import digest_of
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts

NOT_CHOSEN = "the package's conditions did not choose this image"
Fields = dict[str, Any]


@dataclass(frozen=True)
class Ward:
    """One study of a test: its images, and the cases that it answers."""

    study_id: str
    instances: Sequence[Instance]
    cases: Sequence[LocalTestCase]

    @property
    def candidates(self) -> list[Candidate]:
        return [
            Candidate(one.id, one.sop_instance_uid, one.digest, one.attributes)
            for one in self.instances
        ]

    @property
    def pins(self) -> str:
        return digest_of([[one.sop_instance_uid, one.digest] for one in self.instances])


def wards(
    session: ReadSession, actor: Actor, test: LocalTest, study_ids: Sequence[str]
) -> list[Ward]:
    """Return those of these studies that have a case without an outcome."""
    instances = repository.instances_of(session, actor, study_ids)
    by_study: dict[str, list[LocalTestCase]] = {}
    for case in repository.cases_of(session, actor, test.id, study_ids):
        if case.outcome is None:
            by_study.setdefault(case.study_id, []).append(case)
    return [Ward(study, instances[study], cases) for study, cases in by_study.items()]


def run(analyst: Analyst, test: LocalTest, ward: Ward) -> dict[str, Fields]:
    """Analyse one study; return the fields of each of its cases."""
    analysis = analyst.analyse(test.version_digest, ward.candidates, test.thresholds)
    return {case.id: _answer(analysis, ward, case) for case in ward.cases}


def given_up(ward: Ward, reason: str) -> dict[str, Fields]:
    """Return the fields of the cases of a study that could not be analysed."""
    return {case.id: _without(ward, case, Outcome.FAILED, reason) for case in ward.cases}


def keep(parts: Parts, actor: Actor, test_id: str, found: dict[str, Fields]) -> None:
    """Write what cases came to; one that has an outcome keeps it."""
    with parts.database.write() as session:
        test = repository.local_test(session, actor, test_id)
        if test is None:
            return
        for case_id, fields in found.items():
            case = session.get_one(LocalTestCase, case_id)
            if case.local_test_id == test.id and case.outcome is None:
                for name, value in fields.items():
                    setattr(case, name, value)
                session.add(case)


def _answer(analysis: Analysis, ward: Ward, case: LocalTestCase) -> Fields:
    if analysis.outcome is not Outcome.SUCCEEDED:
        return _without(ward, case, analysis.outcome, analysis.reason)
    said = [
        (candidate, score)
        for candidate, score in analysis.scores
        if score.key == case.finding_key and case.instance_id in {None, candidate.instance_id}
    ]
    finite = [pair for pair in said if math.isfinite(pair[1].score)]
    if not finite:
        ended = Outcome.NO_RESULT if said else Outcome.SKIPPED
        return _without(ward, case, ended, "no finite score" if said else NOT_CHOSEN)
    # As surveillance counts a study: it is flagged if any image is (surveillance/records/reading).
    candidate, highest = max(finite, key=lambda pair: pair[1].score)
    return {
        "outcome": Outcome.SUCCEEDED,
        "score": highest.score,
        "flagged": any(score.flagged for _, score in finite),
        "levels": levels(candidate.attributes),
        "pins": ward.pins,
    }


def _without(ward: Ward, case: LocalTestCase, outcome: Outcome, reason: str | None) -> Fields:
    return {
        "outcome": outcome,
        "reason": reason,
        "levels": _levels(ward, case),
        "pins": ward.pins,
    }


def _levels(ward: Ward, case: LocalTestCase) -> dict[str, str]:
    """Take each attribute from the case's image, or the first of the study that knows it."""
    merged = levels({})
    for instance in ward.instances:
        if case.instance_id in {None, instance.id}:
            known = levels(instance.attributes).items()
            merged |= {axis: value for axis, value in known if merged[axis] == UNKNOWN}
    return merged
