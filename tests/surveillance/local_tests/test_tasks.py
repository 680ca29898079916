"""A test from its plan to its result, with a real model in a real child process."""

import json

import numpy as np
import pytest
from factories import packages
from factories.local_tests import BRIGHT, DARK, Clinic, make_rule, make_table, open_clinic
from factories.steps import InlineSteps
from factories.wards import WHITE
from sqlmodel import select

from inference.delivery.models import Delivery
from inference.results.models import Result
from inference.runs.models import Outcome, Run
from inference.runtime.pool import Runtimes
from model_registry.safety.models import Acceptance, SignOffStatus
from surveillance.local_tests import tasks
from surveillance.local_tests.models import LocalTest, LocalTestCase, LocalTestState, Verdict
from vigil.kernel.audit import service as audit
from vigil.kernel.parts import Parts


def score_of(value: int) -> float:
    image = np.full((1, 1, packages.SIDE, packages.SIDE), value / WHITE, dtype=np.float32)
    return float(packages.scores_of(image)[0][0])


def cases_of(clinic: Clinic, test: LocalTest) -> list[LocalTestCase]:
    with clinic.parts.database.read() as session:
        found = select(LocalTestCase).where(LocalTestCase.local_test_id == test.id)
        return list(session.exec(found.order_by(LocalTestCase.id)))


def labelled(clinic: Clinic, count: int = 4) -> LocalTest:
    """A test that has begun: dark images are positive, because the model likes them best."""
    test = clinic.plan()
    uids = {
        clinic.receive(DARK if number % 2 else BRIGHT).study_instance_uid: number % 2
        for number in range(count)
    }
    assert clinic.label(test, make_table(uids)).accepted == count
    return clinic.start(test)


def test_a_test_runs_every_case_as_production_would(clinic: Clinic, runtimes: Runtimes) -> None:
    test = clinic.run(runtimes, labelled(clinic))

    cases = cases_of(clinic, test)
    assert {case.outcome for case in cases} == {Outcome.SUCCEEDED}
    for case in cases:
        assert case.score == pytest.approx(score_of(DARK if case.label else BRIGHT), abs=1e-5)
        assert case.score is not None
        assert case.flagged is (case.score >= 0.5)
        assert case.pins
        assert case.levels["sex"]
    assert (test.state, test.note) == (LocalTestState.FINISHED, None)
    assert test.verdict is not None


def test_nobody_who_reads_images_sees_a_test(clinic: Clinic, runtimes: Runtimes) -> None:
    clinic.run(runtimes, labelled(clinic))

    with clinic.parts.database.read() as session:
        for table in (Run, Result, Delivery):
            assert session.exec(select(table)).all() == []
    assert [work.task for work in clinic.ward.queue.planned] == ["local_tests.run"]


def test_the_result_is_laid_before_the_sites_officer(clinic: Clinic, runtimes: Runtimes) -> None:
    test = clinic.run(runtimes, labelled(clinic))

    with clinic.parts.database.read() as session:
        draft = session.get_one(Acceptance, test.acceptance_id)
        assert audit.verify(session).holds
    assert (draft.status, draft.passed) == (SignOffStatus.DRAFT, test.passed)
    assert draft.content_digest == test.result_digest
    assert draft.configuration_digest == test.configuration_digest
    document = json.loads(clinic.parts.objects.get(draft.content_digest))
    assert document["test"]["rule_digest"] == test.rule_digest
    assert document["cases"]["labelled"] == 4


def test_what_has_no_score_is_counted_with_its_reason(clinic: Clinic, runtimes: Runtimes) -> None:
    test = clinic.plan()
    good, young, odd = (
        clinic.receive(DARK),
        clinic.receive(DARK, PatientAge="009Y"),
        clinic.receive(DARK, SamplesPerPixel=2),
    )
    clinic.label(test, make_table({s.study_instance_uid: 1 for s in (good, young, odd)}))

    ended = clinic.run(runtimes, clinic.start(test))

    found = {case.study_id: case for case in cases_of(clinic, ended)}
    assert found[young.id].outcome is Outcome.SKIPPED
    assert "patient_age 0 to 9" in str(found[young.id].reason)
    assert found[odd.id].outcome is Outcome.FAILED
    assert found[young.id].levels["age_band"] == "0-17"
    assert ended.verdict is Verdict.FAILED
    document = json.loads(clinic.parts.objects.get(str(ended.result_digest)))
    assert document["cases"]["outcomes"] == {
        "SUCCEEDED": 1, "NO_RESULT": 0, "SKIPPED": 1, "FAILED": 1,
    }  # fmt: skip
    assert document["lines"][0]["answer"] == "not_met"


def test_a_label_of_an_image_takes_that_images_score(clinic: Clinic, runtimes: Runtimes) -> None:
    test = clinic.plan(make_rule(unit="image"))
    clinic.receive(DARK, StudyInstanceUID="1.2.3", SOPInstanceUID="1.2.3.1")
    clinic.receive(BRIGHT, StudyInstanceUID="1.2.3", SOPInstanceUID="1.2.3.2")
    clinic.receive(DARK, StudyInstanceUID="1.2.3", SOPInstanceUID="1.2.3.3", Modality="CT")
    table = make_table({"1.2.3.1": 1, "1.2.3.2": 0, "1.2.3.3": 1}, "sop_instance_uid")
    assert clinic.label(test, table).accepted == 3

    ended = clinic.run(runtimes, clinic.start(test))

    found = {case.instance_id: case for case in cases_of(clinic, ended)}
    dark, bright, other = (found[clinic.image(f"1.2.3.{number}").id] for number in (1, 2, 3))
    assert dark.score == pytest.approx(score_of(DARK), abs=1e-5)
    assert bright.score == pytest.approx(score_of(BRIGHT), abs=1e-5)
    assert (other.outcome, other.score) == (Outcome.SKIPPED, None)
    assert "did not choose" in str(other.reason)


def test_a_study_is_flagged_if_any_of_its_images_is(clinic: Clinic, runtimes: Runtimes) -> None:
    test = clinic.plan()
    for value in (BRIGHT, DARK):
        clinic.receive(value, StudyInstanceUID="1.2.3")
    clinic.label(test, make_table({"1.2.3": 1}))

    [case] = cases_of(clinic, clinic.run(runtimes, clinic.start(test)))

    assert case.score == pytest.approx(max(map(score_of, (DARK, BRIGHT))), abs=1e-5)


def test_a_crash_at_any_step_changes_nothing(
    clinic: Clinic, runtimes: Runtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "PIECE", 2)
    test, steps = labelled(clinic, 5), InlineSteps(clinic.parts.database)
    ended = clinic.run(runtimes, test, steps)
    before = [case.model_dump() for case in cases_of(clinic, ended)]

    for lost in list(steps.outcomes):
        again = steps.again()
        again.outcomes.pop(lost)
        after = clinic.run(runtimes, test, again)
        assert after.model_dump() == ended.model_dump(), lost
        assert [case.model_dump() for case in cases_of(clinic, after)] == before
    with clinic.parts.database.read() as session:
        assert len(session.exec(select(Acceptance)).all()) == 1
    # By a worker that knows of no step of it: it has ended, and stays so.
    assert clinic.run(runtimes, test).model_dump() == ended.model_dump()


def test_a_test_cut_off_in_the_middle_runs_only_the_rest(
    clinic: Clinic, runtimes: Runtimes
) -> None:
    test = labelled(clinic, 4)
    first = cases_of(clinic, test)[0]
    with clinic.parts.database.write() as session:
        done = session.get_one(LocalTestCase, first.id)
        done.outcome, done.reason = Outcome.FAILED, "as it was"
        session.add(done)

    cases = cases_of(clinic, clinic.run(runtimes, test))

    assert [case.outcome for case in cases].count(Outcome.SUCCEEDED) == 3
    assert [case.reason for case in cases if case.id == first.id] == ["as it was"]


def test_one_study_that_cannot_be_read_costs_that_study_alone(
    clinic: Clinic, runtimes: Runtimes
) -> None:
    test = clinic.plan()
    gone, broken, good = (clinic.receive(value) for value in (DARK, BRIGHT, DARK))
    for study, is_folder in ((gone, False), (broken, True)):
        path = clinic.parts.objects.path(clinic.digest(study))
        path.unlink()
        if is_folder:
            path.mkdir()
    clinic.label(test, make_table({s.study_instance_uid: 1 for s in (gone, broken, good)}))

    found = {c.study_id: c for c in cases_of(clinic, clinic.run(runtimes, clinic.start(test)))}

    assert found[good.id].outcome is Outcome.SUCCEEDED
    assert found[gone.id].outcome is found[broken.id].outcome is Outcome.FAILED
    assert str(found[gone.id].reason).endswith("is not in the store.")
    assert found[broken.id].reason == "given up after 3 attempts: IsADirectoryError"


def test_a_test_that_cannot_be_evaluated_says_why(clinic: Clinic, runtimes: Runtimes) -> None:
    test = labelled(clinic, 2)
    clinic.parts.objects.path(clinic.ward.version.digest).unlink()

    ended = clinic.run(runtimes, test)

    assert (ended.state, ended.verdict, ended.acceptance_id) == (LocalTestState.FAILED, None, None)
    assert "not in the store" in str(ended.note)


def test_thresholds_of_the_site_decide_what_is_flagged(parts: Parts, runtimes: Runtimes) -> None:
    clinic = open_clinic(parts)
    own = round(score_of(BRIGHT) - 0.01, 4)
    test = clinic.plan(thresholds={"pneumonia": own})
    clinic.label(test, make_table({clinic.receive(BRIGHT).study_instance_uid: 1}))

    [case] = cases_of(clinic, clinic.run(runtimes, clinic.start(test)))

    assert case.flagged is True
    assert case.score is not None
    assert case.score < 0.5
