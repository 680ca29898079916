"""What models there are, what was live where on any day, who switched it and why."""

from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import FakeClock
from factories.deployments import approve, deploy, go_live, place_deployment, request
from factories.identity import create_person, create_site
from factories.safety import Cast, create_cast, create_version, sign_everything

from model_registry.catalogue import service
from model_registry.catalogue.models import Filters, Kind
from model_registry.catalogue.service import Span
from model_registry.deployments.models import Deployment, DeploymentPeriod, Mode
from model_registry.versions import aliases
from model_registry.versions import service as versions
from model_registry.versions.errors import UnknownModel
from model_registry.versions.models import VersionStatus
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

DAY = 24 * 3600


@pytest.fixture
def cast(sqlite: Database) -> Cast:
    with sqlite.write() as session:
        return create_cast(session)


def replaced(
    session: WriteSession, objects: LocalObjectStore, cast: Cast, clock: FakeClock
) -> tuple[Deployment, Deployment]:
    """1.0.0 is live for a day, then 2.0.0 is."""
    old = go_live(session, objects, cast, "1.0.0")
    clock.advance(DAY)
    version = create_version(session, cast, "2.0.0")
    sign_everything(session, objects, cast, version)
    new = deploy(session, cast, version)
    assert approve(session, cast.site_officer, request(session, cast.manager, new)).is_applied
    return old, new


def test_what_was_live_on_a_day_is_told_with_who_switched_it_and_why(
    sqlite: Database, objects: LocalObjectStore, cast: Cast, clock: FakeClock
) -> None:
    start = clock.now
    with sqlite.write() as session:
        old, new = replaced(session, objects, cast, clock)
        clock.advance(60)

        def live(at: float) -> list[tuple[str, str, str]]:
            found = service.standing(
                session,
                cast.manager,
                model_id=old.model_id,
                at=start + timedelta(seconds=at),
            )
            return [
                (one.version_id, one.by_label or "", one.reason)
                for one in found.periods
                if one.mode is Mode.LIVE
            ]

        assert live(-1) == []
        ((first, who, why),) = live(DAY - 1)
        ((second, _, _),) = live(DAY + 1)
    assert (first, second) == (old.version_id, new.version_id)
    assert "(cso)" in who
    assert why == "it did well"


def test_aliases_and_statuses_are_told_as_they_were(sqlite: Database, clock: FakeClock) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        old, new = (create_version(session, cast, label) for label in ("1.0.0", "2.0.0"))
        then = clock.now
        for version in (old, new):
            aliases.set_alias(
                session,
                cast.manager,
                model_id=old.model_id,
                name="champion",
                version_id=version.id,
                reason="best",
            )
            clock.advance(DAY)
        versions.withdraw(
            session, cast.manager, version_id=new.id, reason="a fault", events=Events()
        )
        before = service.standing(session, cast.manager, model_id=old.model_id, at=then)
        after = service.standing(session, cast.manager, model_id=old.model_id)
        told = service.history(session, cast.manager, model_id=old.model_id, span=Span())
    assert [one.version_id for one in before.aliases] == [old.id]
    assert list(after.aliases) == []
    assert dict(after.statuses) == {new.id: VersionStatus.WITHDRAWN}
    assert {(one.kind, one.what) for one in told} == {
        (Kind.ALIAS, "champion set"),
        (Kind.ALIAS, "champion ended"),
        (Kind.STATUS, "withdrawn"),
    }
    assert told[0].at == max(one.at for one in told)
    assert {one.by_label for one in told} == {cast.manager.label}


def test_history_is_narrowed_by_site_and_time_and_comes_in_pieces(
    sqlite: Database, objects: LocalObjectStore, cast: Cast, clock: FakeClock
) -> None:
    start = clock.now
    with sqlite.write() as session:
        old, _ = replaced(session, objects, cast, clock)
        other = create_site(session, "RYY01")
        model = old.model_id
        whole = service.history(session, cast.manager, model_id=model, span=Span())
        there = service.history(session, cast.manager, model_id=model, span=Span(other.id))
        first_day = service.history(
            session, cast.manager, model_id=model, span=Span(last=start + timedelta(hours=1))
        )
        pieces, before = [], None
        while found := service.history(
            session, cast.manager, model_id=model, span=Span(), before=before, limit=2
        ):
            pieces += found
            before = (found[-1].at, found[-1].id)
    assert pieces == whole
    assert there == []
    assert {one.at for one in first_day} == {start}
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)


def test_a_hospital_sees_its_own_sites_and_a_supplier_its_own_models(
    sqlite: Database, objects: LocalObjectStore, cast: Cast
) -> None:
    with sqlite.write() as session:
        live = go_live(session, objects, cast)
        create_site(session, "RYY01")
        stranger = create_person(session, "RYY", Role.READER)
        from_elsewhere = service.standing(session, stranger, model_id=live.model_id)
        own = service.standing(session, cast.submitter, model_id=live.model_id)
        (line,) = service.lines(session, stranger, Filters())
        (seen,) = service.lines(session, cast.manager, Filters())
    assert list(from_elsewhere.periods) == []
    assert len(own.periods) == 1
    assert (line.live_sites, seen.live_sites) == (0, 1)


def test_another_suppliers_model_is_not_there(sqlite: Database, cast: Cast) -> None:
    with sqlite.write() as session:
        version = create_version(session, cast)
        rival = replace(cast.submitter, supplier_id="org_other")
        assert service.lines(session, rival, Filters()) == []
        with pytest.raises(UnknownModel):
            service.history(session, rival, model_id=version.model_id, span=Span())


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), 2),
        (Filters(supplier="ACME"), 2),
        (Filters(supplier="NONE"), 0),
        (Filters(status=VersionStatus.WITHDRAWN), 1),
        (Filters(status=VersionStatus.SUBMITTED), 0),
        (Filters(text="OTHER"), 1),
        (Filters(text="acme"), 2),
        (Filters(text="%"), 0),
    ],
)
def test_models_are_filtered_by_supplier_status_and_name(
    database: Database, clock: FakeClock, filters: Filters, found: int
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        create_version(session, cast, status=VersionStatus.SUBMITTED)
        clock.advance(1)
        create_version(session, cast, "2.0.0")
        create_version(session, cast, name="other-model", status=VersionStatus.WITHDRAWN)
        assert len(service.lines(session, cast.manager, filters)) == found


def test_a_deed_without_a_label_is_told_by_the_roles_of_who_did_it(
    sqlite: Database, cast: Cast
) -> None:
    """Periods that were written before their label was noted too."""
    with sqlite.write() as session:
        deployment = place_deployment(session, create_version(session, cast), cast.site.id)
        period = DeploymentPeriod(
            id=session.new_id("per"),
            deployment_id=deployment.id,
            revision=1,
            model_id=deployment.model_id,
            version_id=deployment.version_id,
            site_id=cast.site.id,
            mode=Mode.SHADOW,
            share=100,
            thresholds={},
            from_at=session.now(),
            by=cast.manager.id,
            reason="first",
        )
        session.add(period)
        session.flush()
        (told,) = service.history(session, cast.manager, model_id=deployment.model_id, span=Span())
    assert told.by_label == cast.manager.label
