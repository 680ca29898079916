from collections.abc import Callable

import pytest
from factories.deployments import GATES, CardGate, approve, deploy, go_live, request
from factories.safety import Cast, accept, create_cast, create_version, sign_case, sign_everything

from model_registry.deployments import gates, service
from model_registry.deployments.errors import NotReady
from model_registry.deployments.gates import Missing, Target
from model_registry.deployments.models import Mode
from model_registry.safety import staleness
from model_registry.safety.models import AcceptanceKind
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.objects import LocalObjectStore

KINDS = tuple(AcceptanceKind)


def _evaluate(session: ReadSession, cast: Cast, version: ModelVersion) -> list[Missing]:
    return gates.evaluate(session, GATES, Target.of(version, cast.site.id, {}))


def _not_admitted(
    session: WriteSession, objects: LocalObjectStore, cast: Cast, version: ModelVersion
) -> None:
    version.status = VersionStatus.WITHDRAWN
    session.add(version)


def _case_not_signed(
    session: WriteSession, objects: LocalObjectStore, cast: Cast, version: ModelVersion
) -> None:
    change = staleness.Change.INTENDED_USE
    staleness.mark_stale(session, cast.manager, change=change, reason="new use")
    for kind in KINDS:
        accept(session, objects, cast, version, kind)


def _not_accepted(
    session: WriteSession, objects: LocalObjectStore, cast: Cast, version: ModelVersion
) -> None:
    staleness.runtime_changed(session, cast.manager, "other runtime")
    accept(session, objects, cast, version, AcceptanceKind.LOCAL_TEST)


def _not_tested(
    session: WriteSession, objects: LocalObjectStore, cast: Cast, version: ModelVersion
) -> None:
    staleness.runtime_changed(session, cast.manager, "other runtime")
    accept(session, objects, cast, version, AcceptanceKind.DCB0160)


def _test_failed(
    session: WriteSession, objects: LocalObjectStore, cast: Cast, version: ModelVersion
) -> None:
    accept(session, objects, cast, version, AcceptanceKind.LOCAL_TEST, passed=False)


Spoil = Callable[[WriteSession, LocalObjectStore, Cast, ModelVersion], None]
ALONE_MISSING: dict[str, tuple[Spoil, str]] = {
    "admission": (_not_admitted, "passed admission checks (the version is withdrawn)"),
    "case": (_case_not_signed, "a signed DCB0129 safety case for exactly this version"),
    "acceptance": (_not_accepted, "the site's DCB0160 acceptance of this configuration"),
    "test": (_not_tested, "a passed local acceptance test of this configuration"),
    "failed test": (_test_failed, "a passed local acceptance test of this configuration"),
}


@pytest.mark.parametrize("to_mode", [Mode.CANARY, Mode.LIVE])
@pytest.mark.parametrize("gate", ALONE_MISSING)
def test_each_gate_alone_keeps_a_version_from_patients(
    sqlite: Database, objects: LocalObjectStore, gate: str, to_mode: Mode
) -> None:
    spoil, what = ALONE_MISSING[gate]
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        deployment = deploy(session, cast, version)
        outcome = request(session, cast.manager, deployment, to_mode, share=20)
        spoil(session, objects, cast, version)

        outcome = approve(session, cast.site_officer, outcome)

        assert [missing.what for missing in outcome.missing] == [what]
        assert deployment.mode is Mode.SHADOW


def test_a_gate_of_a_higher_floor_alone_keeps_live_out(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    card = CardGate(published=False)
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        deployment = deploy(session, cast, version)
        change = request(session, cast.manager, deployment).change

        def agree() -> service.Outcome:
            return service.approve_change(
                session, cast.site_officer, [card], change_id=change.id, reason="agreed"
            )

        assert [str(m) for m in agree().missing] == ["a published card (from the supplier)"]
        assert card.asked == [(version.id, cast.site.id)]
        card.published = True
        assert agree().is_applied


def test_with_every_gate_met_nothing_is_missing(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        assert len(_evaluate(session, cast, version)) == 3

        sign_everything(session, objects, cast, version)

        assert _evaluate(session, cast, version) == []


def test_the_sign_offs_of_one_version_do_not_count_for_the_next(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        sign_everything(session, objects, cast, create_version(session, cast))

        assert len(_evaluate(session, cast, create_version(session, cast, "1.0.1"))) == 3


def test_an_acceptance_of_other_thresholds_does_not_count(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_case(session, objects, cast, version)
        for kind in KINDS:
            accept(session, objects, cast, version, kind, thresholds={"pneumonia": 0.4})

        assert len(_evaluate(session, cast, version)) == 2
        lower = Target.of(version, cast.site.id, {"pneumonia": 0.4})
        assert gates.evaluate(session, GATES, lower) == []


def test_a_version_that_failed_admission_does_not_even_run_in_shadow(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast, status=VersionStatus.SUBMITTED)
        with pytest.raises(NotReady, match="admission"):
            deploy(session, cast, version)


def test_shadow_needs_no_sign_off(sqlite: Database) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        assert deploy(session, cast, create_version(session, cast)).mode is Mode.SHADOW


def test_a_stale_sign_off_blocks_the_way_back_from_suspended(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        deployment = go_live(session, objects, cast)
        service.suspend(session, cast.manager, deployment_id=deployment.id, reason="odd results")
        staleness.routing_scope_changed(
            session, cast.manager, cast.site.id, deployment.model_id, "children too"
        )
        outcome = approve(session, cast.site_officer, request(session, cast.manager, deployment))

        assert len(outcome.missing) == 2
        assert deployment.mode is Mode.SUSPENDED
