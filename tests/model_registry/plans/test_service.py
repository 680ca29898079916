"""Versions that follow one another, and what their claims are worth as time goes on."""

import pytest
from factories.identity import create_organisation, create_person
from factories.plans import Papers, hand_in, planned
from factories.safety import Cast, create_cast, sign_case
from sqlmodel import select

from model_registry.plans import service
from model_registry.plans.cover import Cover, cover
from model_registry.plans.errors import NoPlan, NotAdmitted
from model_registry.plans.models import Plan, PlanAssessment
from model_registry.safety import staleness
from model_registry.safety.staleness import Change
from model_registry.versions.errors import UnknownVersion
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import Damaged, LocalObjectStore

FIRST = planned("1.0.0")
SECOND = planned("1.1.0", ("1.0.0", "retrain"), weights=1.01)
THIRD = planned("1.2.0", ("1.1.0", "retrain"), weights=1.02)


def _reviewed(session: WriteSession, objects: LocalObjectStore, cast: Cast) -> ModelVersion:
    """The first version, approved and with its safety case signed: its plan is in force."""
    first = hand_in(session, objects, cast, FIRST)
    sign_case(session, objects, cast, first)
    return first


def _cover(session: ReadSession, version: ModelVersion) -> Cover:
    found = cover(session, version)
    assert found is not None
    return found


def test_a_version_inside_its_plan_is_covered_by_the_reviewed_ones_case(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        first = _reviewed(session, objects, cast)
        second = hand_in(session, objects, cast, SECOND)
    with database.read() as session:
        found = _cover(session, second)
        plan = session.exec(select(Plan).where(Plan.version_id == first.id)).one()
        assert found.assessment is not None
        event = audit.recent(session, before=None, subject=found.assessment.id, limit=1)[0]

        assert cover(session, first) is None

    assert found.is_inside
    assert found.anchor is not None
    assert found.anchor.id == first.id
    assert found.case is not None
    assert found.assessment.predecessor_id == found.assessment.anchor_id == first.id
    assert found.why == (
        "covered by the predetermined change plan of 1.0.0: step retrain after 1.0.0; every "
        "difference is one that the plan names, and every criterion on the card is met. "
        "Each site's test has to show: "
        "lower end of sensitivity for effusion of 0.8 or more"
    )
    assert plan.content["title"] == "Yearly retraining"
    assert (event.tag, event.detail["inside"]) == ("registry:plan:assess", True)


def test_a_chain_leads_back_to_the_version_that_was_reviewed_in_full(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = _reviewed(session, objects, cast)
        second, third = (hand_in(session, objects, cast, one) for one in (SECOND, THIRD))
        found = _cover(session, third)

        assert found.is_inside
        assert found.anchor is first
        assert found.assessment is not None
        assert found.assessment.chain == [second.id, first.id]


def test_a_version_with_a_signed_case_of_its_own_is_the_next_to_be_held_against(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        _reviewed(session, objects, cast)
        second = hand_in(session, objects, cast, SECOND)
        sign_case(session, objects, cast, second)

        assert _cover(session, hand_in(session, objects, cast, THIRD)).anchor is second


@pytest.mark.parametrize(
    ("follows", "reason"),
    [
        (("0.9.0", "retrain"), "there is no other version 0.9.0 of this model"),
        (("1.1.0", "retrain"), "there is no other version 1.1.0 of this model"),
        (("1.0.0", "rewrite"), "the plan of 1.0.0 has no step rewrite"),
    ],
)
def test_a_wrong_predecessor_or_step_is_outside(
    sqlite: Database, objects: LocalObjectStore, follows: tuple[str, str], reason: str
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        _reviewed(session, objects, cast)
        second = hand_in(session, objects, cast, planned("1.1.0", follows, weights=1.01))

        assert _cover(session, second).reasons == (reason,)


def test_a_predecessor_that_is_itself_outside_leads_nowhere(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    def other_use(papers: Papers) -> None:
        papers.card["intended_use"] = "Reads alone."

    with sqlite.write() as session:
        cast = create_cast(session)
        _reviewed(session, objects, cast)
        outside = planned("1.1.0", ("1.0.0", "retrain"), weights=1.01, edit=other_use)
        hand_in(session, objects, cast, outside)
        third = hand_in(session, objects, cast, THIRD)

        assert _cover(session, third).reasons == (
            "1.1.0 has no signed safety case and is not inside a plan itself",
        )


def test_a_plan_takes_effect_with_its_signature_and_may_be_asked_for_again(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        second = hand_in(session, objects, cast, SECOND)
        assert _cover(session, second).reasons == (
            "1.0.0 has no signed safety case: a plan takes effect with its signature",
        )

        sign_case(session, objects, cast, first)
        found = service.assess(
            session, cast.submitter, objects, version_id=second.id, reason="signed now"
        )

        assert found.cover is not None
        assert found.cover.is_inside
        assert [before.id for before in found.chain] == [first.id]
        assert len(session.exec(select(PlanAssessment)).all()) == 2


@pytest.mark.parametrize("status", [VersionStatus.WITHDRAWN, VersionStatus.CHECKED])
@pytest.mark.parametrize("label", ["1.0.0", "1.1.0"])
def test_a_version_on_the_way_that_is_not_approved_takes_the_cover_away(
    sqlite: Database, objects: LocalObjectStore, status: VersionStatus, label: str
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        on_the_way = [
            _reviewed(session, objects, cast),
            hand_in(session, objects, cast, SECOND),
        ]
        third = hand_in(session, objects, cast, THIRD)
        assert _cover(session, third).is_inside
        for version in on_the_way:
            version.status = status if version.version == label else VersionStatus.APPROVED
        session.flush()

        assert _cover(session, third).reasons == (f"{label} is {status.value}, not approved",)


def test_a_stale_signature_on_the_plan_takes_the_cover_away(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = _reviewed(session, objects, cast)
        second = hand_in(session, objects, cast, SECOND)
        change = Change.INTENDED_USE
        staleness.mark_stale(
            session, cast.manager, change=change, reason="children too", version_id=first.id
        )

        found = _cover(session, second)
        assert found.reasons == ("the safety case of 1.0.0 is not signed any more: children too",)
        assert found.case is None


@pytest.mark.parametrize("whose", ["1.0.0", "1.1.0"])
def test_bytes_that_are_not_those_of_a_version_are_not_judged(
    sqlite: Database, objects: LocalObjectStore, whose: str
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = _reviewed(session, objects, cast)
        second = hand_in(session, objects, cast, SECOND)
        tampered = first if whose == "1.0.0" else second
        path = objects.path(tampered.digest)
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"x")

        with pytest.raises(Damaged):
            service.assess(session, cast.submitter, objects, version_id=second.id, reason="again")


def test_what_claims_nothing_and_brings_nothing_has_no_plan(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        bare = planned("1.0.0", edit=lambda papers: setattr(papers, "plan", None))
        version = hand_in(session, objects, cast, bare)
        with pytest.raises(NoPlan):
            service.view(session, cast.manager, version_id=version.id)


def test_only_what_passed_its_checks_is_held_against_a_plan(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        refused = hand_in(session, objects, cast, FIRST, status=VersionStatus.REFUSED)
        with pytest.raises(NotAdmitted):
            service.assess(session, cast.submitter, objects, version_id=refused.id, reason="go")


def test_another_supplier_neither_sees_nor_judges_it(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        create_organisation(session, "BETA", OrganisationKind.SUPPLIER)
        stranger = create_person(session, "BETA", Role.SUPPLIER)
        first = _reviewed(session, objects, cast)
        with pytest.raises(UnknownVersion):
            service.view(session, stranger, version_id=first.id)
        with pytest.raises(UnknownVersion):
            service.assess(session, stranger, objects, version_id=first.id, reason="mine?")
