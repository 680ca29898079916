import pytest
from factories.identity import SETUP
from factories.safety import (
    Cast,
    accept,
    create_acceptance,
    create_cast,
    create_version,
    sign_case,
    sign_everything,
)

from model_registry.safety import repository, staleness
from model_registry.safety.models import AcceptanceKind, SignOffStatus
from model_registry.safety.staleness import Change
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database, ReadSession
from vigil.kernel.objects import LocalObjectStore


def _standing(session: ReadSession, version_id: str) -> set[str]:
    cases = repository.standing_cases(session, version_id=version_id, model_id=None)
    acceptances = repository.standing_acceptances(
        session, version_id=version_id, model_id=None, site_id=None, configuration_digest=None
    )
    return {"case" for _ in cases} | {acceptance.kind.value for acceptance in acceptances}


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (Change.VERSION, set()),
        (Change.INTENDED_USE, set()),
        (Change.PREPROCESSING, set()),
        (Change.THRESHOLDS, {"case"}),
        (Change.ROUTING_SCOPE, {"case"}),
        (Change.RUNTIME, {"case"}),
    ],
)
def test_a_change_touches_what_speaks_of_it_and_nothing_else(
    sqlite: Database, objects: LocalObjectStore, change: Change, left: set[str]
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        version, other = (create_version(session, cast, v) for v in ("1.0.0", "2.0.0"))
        sign_everything(session, objects, cast, version)
        sign_everything(session, objects, cast, other)

        staleness.mark_stale(session, SETUP, change=change, reason="why", version_id=version.id)

        assert _standing(session, version.id) == left
        assert _standing(session, other.id) == {"case", "dcb0160", "local_test"}


def test_the_reason_stands_on_the_sign_off_and_in_the_audit(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        acceptance = accept(session, objects, cast, create_version(session, cast))
        stale = staleness.runtime_changed(session, SETUP, "onnxruntime 1.30 to 1.31")
    with sqlite.read() as session:
        event = audit.recent(session, before=None, subject=acceptance.id, limit=1)[0]

    assert stale == [acceptance.id]
    assert acceptance.status is SignOffStatus.STALE
    assert acceptance.stale_reason == "onnxruntime 1.30 to 1.31"
    assert (event.tag, event.reason) == (
        "safety:acceptance:stale",
        "onnxruntime 1.30 to 1.31",
    )


def test_a_draft_from_before_the_change_is_stale_too(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        draft = create_acceptance(session, objects, cast, create_version(session, cast))
        staleness.runtime_changed(session, SETUP, "another runtime")

        assert draft.status is SignOffStatus.STALE


def test_routing_scope_touches_one_model_at_one_site(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        routed = create_version(session, cast)
        other = create_version(session, cast, name="other-model")
        mine = accept(session, objects, cast, routed)
        theirs = accept(session, objects, cast, other)
        sign_case(session, objects, cast, routed)

        stale = staleness.routing_scope_changed(
            session, SETUP, cast.site.id, routed.model_id, "children too"
        )
        elsewhere = staleness.routing_scope_changed(
            session, SETUP, "site_elsewhere", other.model_id, "children too"
        )

        assert (stale, elsewhere) == ([mine.id], [])
        assert theirs.status is SignOffStatus.SIGNED
        assert repository.signed_case(session, routed.digest)


def test_what_is_stale_already_keeps_its_first_reason(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast: Cast = create_cast(session)
        kind = AcceptanceKind.LOCAL_TEST
        acceptance = accept(session, objects, cast, create_version(session, cast), kind)
        staleness.runtime_changed(session, SETUP, "first")

        assert staleness.runtime_changed(session, SETUP, "second") == []
        assert acceptance.stale_reason == "first"
