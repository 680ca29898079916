"""The plan, the labels and the start: what is fixed, who may, and that no cell is lost."""

from typing import Any

import pytest
from factories.identity import create_person, create_site
from factories.local_tests import BRIGHT, DARK, FINDING, Clinic, make_rule, make_table
from factories.studies import create_study
from factories.versions import create_version
from sqlmodel import select

from model_registry.safety.errors import BadThresholds
from model_registry.versions.models import ModelVersion, VersionStatus
from surveillance.local_tests import repository, service
from surveillance.local_tests.errors import (
    AlreadyStarted,
    BadRule,
    NotAdmitted,
    NothingToRun,
    NotJudgedYet,
    UnknownTest,
)
from surveillance.local_tests.models import LocalTest, LocalTestCase, LocalTestState
from surveillance.local_tests.rule import Rule
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.roles import Role


def test_a_plan_is_fixed_by_its_digest_in_the_audit(clinic: Clinic) -> None:
    test = clinic.plan()

    rule = Rule.model_validate(make_rule())
    assert (test.state, test.rule_digest) == (LocalTestState.PLANNED, rule.digest)
    assert Rule.model_validate(test.rule) == rule
    with clinic.parts.database.read() as session:
        [noted] = session.exec(
            select(AuditEvent).where(AuditEvent.tag == "surveillance:local_test:plan")
        ).all()
    assert noted.detail["rule"] == rule.digest


def test_the_thresholds_are_those_of_the_deployment_unless_others_are_named(
    clinic: Clinic,
) -> None:
    with clinic.parts.database.write() as session:
        deployment = clinic.ward.deployment
        deployment.thresholds = {FINDING: 0.7}
        session.add(deployment)

    in_use, others = clinic.plan(), clinic.plan(thresholds={FINDING: 0.4})

    assert (in_use.thresholds, others.thresholds) == ({FINDING: 0.7}, {FINDING: 0.4})
    assert in_use.configuration_digest != others.configuration_digest
    with pytest.raises(BadThresholds):
        clinic.plan(thresholds={"gout": 0.4})


def test_a_rule_that_does_not_fit_the_model_is_refused(clinic: Clinic) -> None:
    with pytest.raises(BadRule, match="effusion: not tested"):
        clinic.plan(make_rule(left_out={}))
    with pytest.raises(Invalid, match="title"):
        clinic.plan(title=" ")


@pytest.mark.parametrize(
    "status", [VersionStatus.SUBMITTED, VersionStatus.REFUSED, VersionStatus.WITHDRAWN]
)
def test_a_version_that_is_not_admitted_is_not_run_on_real_studies(
    clinic: Clinic, status: VersionStatus
) -> None:
    test = clinic.plan()
    clinic.label(test, make_table({clinic.receive(DARK).study_instance_uid: 1}))
    with clinic.parts.database.write() as session:
        version = session.get_one(ModelVersion, clinic.version_id)
        version.status = status
        session.add(version)

    with pytest.raises(NotAdmitted):
        clinic.start(test)
    with pytest.raises(NotAdmitted):
        clinic.plan()


def test_every_cell_ends_in_one_count(clinic: Clinic) -> None:
    test = clinic.plan()
    one, two, three = (clinic.receive(DARK).study_instance_uid for _ in range(3))
    arriving = clinic.ward.receive(DARK).study_instance_uid
    rows = (
        *((one, 1), (one, 1), (two, 0), (two, 1)),
        *((three, ""), ("1.2.3", 1), (arriving, 1), ("Smith", 1)),
    )
    lines = [f"{uid},{label}" for uid, label in rows]
    table = "\n".join(["study_instance_uid,pneumonia", *lines]).encode()

    came = clinic.label(test, table)

    assert (came.rows, came.cells, came.accepted, came.positives) == (8, 8, 1, 1)
    assert (came.blank, came.repeated, came.unknown, came.refused) == (1, 1, 1, 4)
    assert came.is_whole
    assert came.unknown_uids == ["1.2.3"]
    problems = {fault.field: fault.problem for fault in came.faults}
    assert problems["line 4, pneumonia"] == "labelled present and absent in this table"
    assert problems["line 5, pneumonia"] == problems["line 4, pneumonia"]
    assert problems["line 8, pneumonia"] == "the study is still arriving"
    assert problems["line 9"] == "the UID is none"
    [kept] = clinic.read(test).intake
    assert kept["cells"] == 8
    assert not any("1.2.3" in str(value) for value in kept.values())


def test_a_second_table_adds_and_contradicts_nothing(clinic: Clinic) -> None:
    test = clinic.plan()
    one, two = (clinic.receive(DARK).study_instance_uid for _ in range(2))
    clinic.label(test, make_table({one: 1}))

    came = clinic.label(test, make_table({one: 0, two: 1}))
    again = clinic.label(test, make_table({one: 1, two: 1}))

    assert (came.accepted, came.refused) == (1, 1)
    assert "labelled otherwise in an earlier table" in str(came.faults[0])
    assert (again.accepted, again.repeated) == (0, 2)
    assert len(clinic.read(test).intake) == 3


def test_another_sites_studies_are_unknown(clinic: Clinic) -> None:
    test = clinic.plan()
    with clinic.parts.database.write() as session:
        elsewhere = create_site(session, "RYY01")
        create_study(session, elsewhere.id, study_instance_uid="1.2.3.4")
        with pytest.raises(Forbidden):
            service.plan(
                session,
                create_person(session, "RYY", Role.CSO),
                version_id=clinic.version_id,
                site_id=clinic.site_id,
                title="Mine",
                rule=service.read_rule(make_rule()),
                reason="try",
            )

    came = clinic.label(test, make_table({"1.2.3.4": 1}))

    assert (came.accepted, came.unknown) == (0, 1)


def test_what_has_begun_is_closed(clinic: Clinic) -> None:
    test = clinic.plan()
    with pytest.raises(NothingToRun):
        clinic.start(test)
    uids = [clinic.receive(value).study_instance_uid for value in (DARK, BRIGHT)]
    clinic.label(test, make_table(dict.fromkeys(uids, 1)))

    begun = clinic.start(test)

    assert (begun.state, begun.studies) == (LocalTestState.RUNNING, 2)
    [work] = clinic.ward.queue.planned
    assert (work.task, work.arguments) == ("local_tests.run", (test.id,))
    with pytest.raises(AlreadyStarted):
        clinic.label(test, make_table({uids[0]: 0}))
    with pytest.raises(AlreadyStarted):
        clinic.start(test)
    with clinic.parts.database.read() as session, pytest.raises(NotJudgedYet):
        service.document(session, clinic.officer, clinic.parts.objects, test.id)


def test_a_test_is_its_sites_own(clinic: Clinic) -> None:
    test = clinic.plan()
    clinic.label(test, make_table({clinic.receive(DARK).study_instance_uid: 1}))
    with clinic.parts.database.write() as session:
        create_site(session, "RYY01")
        stranger = create_person(session, "RYY", Role.CSO)
        seller = create_person(session, "ACME", Role.SUPPLIER)
        auditor = create_person(session, "RXX", Role.AUDITOR)

        with pytest.raises(UnknownTest):
            service.local_test(session, stranger, test.id)
        with pytest.raises(Forbidden):
            service.local_test(session, seller, test.id)
        assert service.local_tests(session, stranger) == []
        assert repository.progress(session, stranger, [test.id])[test.id] == (0, 0)
        for content in (b"", make_table({"1.2": 1})):
            with pytest.raises(UnknownTest):
                service.add_labels(
                    session, stranger, test_id=test.id, content=content, reason="try"
                )
        with pytest.raises(Forbidden):
            service.start(session, auditor, clinic.parts.queue, test_id=test.id, reason="try")
        assert service.local_test(session, auditor, test.id).id == test.id
        assert repository.progress(session, auditor, [test.id])[test.id] == (1, 0)


def test_a_manager_of_the_network_may_plan_for_a_site(clinic: Clinic) -> None:
    with clinic.parts.database.write() as session:
        row = service.plan(
            session,
            clinic.manager,
            version_id=clinic.version_id,
            site_id=clinic.site_id,
            title="For the site",
            rule=service.read_rule(make_rule()),
            reason="asked to",
        )

    assert row.planned_by == clinic.manager.id


def test_two_thousand_labels_are_taken_in_with_few_queries(clinic: Clinic, clock: Any) -> None:
    with clinic.parts.database.write() as session:
        for number in range(600):
            create_study(session, clinic.site_id, study_instance_uid=f"1.9.{number + 1}")
    test = clinic.plan()
    table = make_table({f"1.9.{number + 1}": number % 2 for number in range(2000)})

    came = clinic.label(test, table)

    assert (came.refused, came.unknown) == (600, 1400)
    assert len(came.faults) == len(came.unknown_uids) == 50
    with clinic.parts.database.read() as session:
        assert session.exec(select(LocalTestCase)).all() == []
        assert len(session.exec(select(LocalTest)).all()) == 1


def test_a_version_of_another_digest_is_another_configuration(clinic: Clinic) -> None:
    one = clinic.plan()
    with clinic.parts.database.write() as session:
        other = create_version(session, clinic.parts.objects, version="2.0.0")
        other.status = VersionStatus.CHECKED
        session.add(other)
        two = service.plan(
            session,
            clinic.officer,
            version_id=other.id,
            site_id=clinic.site_id,
            title="The next version",
            rule=service.read_rule(make_rule()),
            reason="before go-live",
        )

    assert one.configuration_digest != two.configuration_digest
