"""The life of a version: each step in the table, and whose it is."""

import pytest
from factories.identity import SETUP, create_person
from factories.safety import create_cast, create_version

from model_registry.versions import service
from model_registry.versions.errors import (
    NeedsAPerson,
    NotAllowedNow,
    NotTheNetwork,
    NotYours,
    OwnVersion,
)
from model_registry.versions.events import VersionWithdrawn
from model_registry.versions.models import VersionStatus
from model_registry.versions.transitions import (
    TRANSITIONS,
    Decision,
    Guard,
    check_person,
    transition,
)
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden
from vigil.kernel.events import Events
from vigil.kernel.identity.roles import Role

_S = VersionStatus


def test_every_step_of_the_table_is_there_once() -> None:
    ends = [(step.before, step.after) for step in TRANSITIONS]
    assert len(ends) == len(set(ends))


def test_nothing_comes_back_from_withdrawn_and_nothing_is_approved_unchecked() -> None:
    assert [step for step in TRANSITIONS if step.before is _S.WITHDRAWN] == []
    assert {step.before for step in TRANSITIONS if step.after is _S.APPROVED} == {_S.CHECKED}
    assert {step.before for step in TRANSITIONS if step.after is _S.WITHDRAWN} == (
        set(_S) - {_S.WITHDRAWN}
    )


@pytest.mark.parametrize("before", list(_S))
@pytest.mark.parametrize("after", list(_S))
def test_what_is_not_in_the_table_is_refused(before: _S, after: _S) -> None:
    if (before, after) in {(step.before, step.after) for step in TRANSITIONS}:
        assert transition(before, after).after is after
        return
    with pytest.raises(NotAllowedNow, match=before.value):
        transition(before, after)


def test_an_approval_is_on_all_the_evidence_and_withdrawing_on_none() -> None:
    approved = transition(_S.CHECKED, _S.APPROVED)
    assert (approved.guard, approved.decision) == (Guard.RELEASABLE, Decision.NETWORK_PERSON)
    assert transition(_S.APPROVED, _S.WITHDRAWN).guard is Guard.NONE


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("submitter", Forbidden),
        ("supplier_officer", OwnVersion),
        ("site_officer", NotTheNetwork),
    ],
)
def test_who_cannot_approve(sqlite: Database, who: str, error: type[Forbidden]) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, status=_S.CHECKED)
        with pytest.raises(error):
            check_person(getattr(cast, who), version, transition(_S.CHECKED, _S.APPROVED))


def test_neither_a_part_of_vigil_nor_the_networks_reader_approves(sqlite: Database) -> None:
    with sqlite.write() as session:
        version = create_version(session, create_cast(session), status=_S.CHECKED)
        step = transition(_S.CHECKED, _S.APPROVED)
        with pytest.raises(NeedsAPerson):
            check_person(SETUP, version, step)
        with pytest.raises(Forbidden):
            check_person(create_person(session, "NET", Role.READER), version, step)


def test_who_submitted_it_does_not_approve_even_as_a_manager(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, status=_S.CHECKED, submitted_by=cast.manager.id)
        step = transition(_S.CHECKED, _S.APPROVED)
        with pytest.raises(OwnVersion):
            check_person(cast.manager, version, step)
        check_person(cast.other_manager, version, step)
        check_person(cast.network_officer, version, step)


def test_nobody_says_in_the_place_of_the_checks_that_they_passed(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, status=_S.SUBMITTED)
        with pytest.raises(NotYours):
            service.set_status(
                session, cast.manager, version_id=version.id, status=_S.CHECKED, reason="mine"
            )


@pytest.mark.parametrize("who", ["submitter", "manager", "network_officer"])
def test_the_supplier_and_the_network_withdraw_and_it_is_told(sqlite: Database, who: str) -> None:
    told: list[VersionWithdrawn] = []
    events = Events()
    events.subscribe(VersionWithdrawn, lambda _session, event: told.append(event))
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        service.withdraw(
            session,
            getattr(cast, who),
            version_id=version.id,
            reason="missed findings",
            events=events,
        )
        (step,) = service.changes(session, cast.manager, version.id)
    assert told == [VersionWithdrawn(version.id, "missed findings")]
    assert (step.status, step.reason) == (_S.WITHDRAWN, "missed findings")
    assert step.by == getattr(cast, who).id


@pytest.mark.parametrize("who", ["site_officer", "supplier_officer"])
def test_others_do_not_withdraw(sqlite: Database, who: str) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        with pytest.raises(Forbidden):
            service.withdraw(
                session,
                getattr(cast, who),
                version_id=version.id,
                reason="mine",
                events=Events(),
            )
