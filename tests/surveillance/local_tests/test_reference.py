"""What signing a test sets off: the site's reference for surveillance, or the reason why not."""

from typing import Any

import pytest
from factories.identity import create_person
from factories.local_tests import Clinic, finished, make_rule
from sqlmodel import select

from model_registry.safety import service as safety
from model_registry.safety.errors import AlreadyJudged, VigilTestedIt
from model_registry.safety.events import AcceptanceSigned
from model_registry.safety.models import Acceptance, AcceptanceKind, SignOffStatus
from surveillance.local_tests.models import LocalTest
from surveillance.local_tests.reference import LocalTestEvents
from surveillance.references.models import Reference, ReferenceSource
from vigil.kernel.identity.roles import Role


@pytest.fixture
def listening(clinic: Clinic) -> Clinic:
    events = clinic.parts.events
    events.subscribe(AcceptanceSigned, LocalTestEvents(clinic.parts).on_acceptance_signed)
    return clinic


def sign(clinic: Clinic, test: LocalTest) -> LocalTest:
    with clinic.parts.database.write() as session:
        safety.sign_acceptance(
            session,
            clinic.officer,
            clinic.parts.events,
            acceptance_id=str(test.acceptance_id),
            reason="looked at it",
        )
    return clinic.read(test)


def references(clinic: Clinic) -> list[Reference]:
    with clinic.parts.database.read() as session:
        return list(session.exec(select(Reference).order_by(Reference.id)).all())


def test_the_scores_of_a_signed_test_become_the_sites_reference(listening: Clinic) -> None:
    test = sign(listening, finished(listening, 240))

    [kept] = references(listening)
    assert (kept.n, kept.site_id, kept.source) == (240, listening.site_id, ReferenceSource.SITE)
    assert kept.set_by == listening.officer.id
    assert test.id in kept.reason
    assert kept.id in str(test.reference_note)


def test_a_later_test_supersedes_the_reference_of_an_earlier_one(listening: Clinic) -> None:
    sign(listening, finished(listening, 240))
    sign(listening, finished(listening, 260))

    old, new = sorted(references(listening), key=lambda reference: reference.n)
    assert (new.supersedes_id, new.n) == (old.id, 260)


@pytest.mark.parametrize(
    ("cases", "rule", "misses", "note"),
    [
        (40, None, 0, "40 of the 200 scores"),
        (240, make_rule(sampling="selected"), 0, "were chosen"),
        (240, None, 240, "not passed"),
    ],
)
def test_a_signature_stands_where_no_reference_can_be_set(
    listening: Clinic, cases: int, rule: dict[str, Any] | None, misses: int, note: str
) -> None:
    if misses:
        rule = make_rule()
        rule["findings"][0]["bars"][0] |= {"at_least": 0.99}

    test = sign(listening, finished(listening, cases, rule, misses=misses))

    assert references(listening) == []
    assert note in str(test.reference_note)
    with listening.parts.database.read() as session:
        signed = session.get_one(Acceptance, test.acceptance_id)
    assert signed.status is SignOffStatus.SIGNED
    assert signed.passed is (misses == 0)


def test_a_judgement_made_elsewhere_sets_nothing(listening: Clinic) -> None:
    with listening.parts.database.write() as session:
        draft = safety.draft_acceptance(
            session,
            listening.officer,
            listening.parts.objects,
            kind=AcceptanceKind.DCB0160,
            version_id=listening.version_id,
            site_id=listening.site_id,
            thresholds={},
            content=b"judgement",
            passed=True,
            reason="by hand",
        )
        safety.sign_acceptance(
            session,
            listening.officer,
            listening.parts.events,
            acceptance_id=draft.id,
            reason="by hand",
        )

    assert references(listening) == []


def test_a_document_made_elsewhere_does_not_replace_what_vigil_tested(listening: Clinic) -> None:
    test = finished(listening, 240)
    sign(listening, test)
    with listening.parts.database.write() as session:
        by_vigil = session.get_one(Acceptance, test.acceptance_id)
        by_hand = safety.draft_acceptance(
            session,
            listening.officer,
            listening.parts.objects,
            kind=AcceptanceKind.LOCAL_TEST,
            version_id=listening.version_id,
            site_id=listening.site_id,
            thresholds={},
            content=b"it went well",
            passed=True,
            reason="by hand",
        )
        assert (by_vigil.local_test_id, by_hand.local_test_id) == (test.id, None)
        with pytest.raises(VigilTestedIt):
            safety.sign_acceptance(
                session,
                listening.officer,
                listening.parts.events,
                acceptance_id=by_hand.id,
                reason="by hand",
            )
        assert by_vigil.status is SignOffStatus.SIGNED


def test_nothing_is_signed_twice(listening: Clinic) -> None:
    test = finished(listening, 240)
    sign(listening, test)

    with pytest.raises(AlreadyJudged):
        sign(listening, test)
    assert len(references(listening)) == 1


def test_an_earlier_test_of_the_same_configuration_is_named(clinic: Clinic) -> None:
    first = finished(clinic, 20)
    with clinic.parts.database.write() as session:
        row = session.get_one(LocalTest, first.id)
        row.started_at = session.now()
        session.add(row)
    clinic.parts.database.clock.advance(60)  # type: ignore[attr-defined]  # the tests' own clock

    second = finished(clinic, 20)

    content = clinic.parts.objects.get(str(second.result_digest)).decode()
    assert first.id in content
    assert "tested here before" in content


def test_who_may_not_set_a_reference_signs_all_the_same(clinic: Clinic) -> None:
    test = finished(clinic, 240)
    with clinic.parts.database.write() as session:
        reader = create_person(session, "RXX", Role.READER)
        LocalTestEvents(clinic.parts).on_acceptance_signed(
            session, AcceptanceSigned(str(test.acceptance_id), reader)
        )

    assert "may not set a reference" in str(clinic.read(test).reference_note)
