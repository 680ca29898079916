"""A version is withdrawn while people agree to it: none of it runs anywhere afterwards."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from factories.deployments import deploy, place_deployment, request
from factories.safety import Cast, create_cast, create_version, sign_everything

from model_registry.deployments import service
from model_registry.deployments.gates import Missing, evaluate
from model_registry.deployments.models import ChangeState, DeploymentChange, Mode
from model_registry.deployments.service import Outcome
from model_registry.versions import service as versions
from model_registry.versions.events import VersionWithdrawn
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.errors import Conflict
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.objects import LocalObjectStore

# Long enough for the other one to get as far as it can; nothing is measured by it.
A_MOMENT = 0.4


@dataclass
class Pause:
    """A gate that keeps its transaction open until the withdrawal is done or has to wait."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def missing(self, session: ReadSession, version: ModelVersion, site_id: str) -> list[Missing]:
        self.reached.set()
        self.go_on.wait(A_MOMENT)
        return []


def _withdraw(database: Database, actor: Actor, version_id: str) -> None:
    events = Events()
    events.subscribe(VersionWithdrawn, _suspend)
    with database.write() as session:
        versions.withdraw(session, actor, version_id=version_id, reason="unsafe", events=events)


def _suspend(session: WriteSession, event: VersionWithdrawn) -> None:
    service.suspend_all_of(session, system_actor("registry"), event.version_id, event.reason)


def _while_withdrawn(
    database: Database, cast: Cast, version_id: str, deed: Callable[[Pause], None]
) -> BaseException | None:
    """Begin a deed, withdraw the version in its middle, and return what the deed came to."""
    pause = Pause()

    def withdraw() -> None:
        assert pause.reached.wait(10)
        _withdraw(database, cast.other_manager, version_id)
        pause.go_on.set()

    with ThreadPoolExecutor(2) as pool:
        done: Future[None] = pool.submit(deed, pause)
        pool.submit(withdraw).result(30)
        return done.exception(30)


def _modes(database: Database, cast: Cast, version_id: str) -> set[Mode]:
    with database.read() as session:
        version = versions.version(session, cast.manager, version_id)
        assert version.status is VersionStatus.WITHDRAWN
        return {one.mode for one in service.of_version(session, cast.manager, version_id)}


def _proposed(
    database: Database, objects: LocalObjectStore, before: Mode
) -> tuple[Cast, ModelVersion, Outcome]:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        deployment = place_deployment(session, version, cast.site.id, before)
        return cast, version, request(session, cast.manager, deployment)


@pytest.mark.parametrize("before", [Mode.SHADOW, Mode.SUSPENDED, Mode.RETIRED])
def test_what_two_people_agreed_to_stops_with_its_version(
    database: Database, objects: LocalObjectStore, before: Mode
) -> None:
    cast, version, outcome = _proposed(database, objects, before)

    def agree(pause: Pause) -> None:
        with database.write() as session:
            service.approve_change(
                session, cast.site_officer, (pause,), change_id=outcome.change.id, reason="agreed"
            )

    failed = _while_withdrawn(database, cast, version.id, agree)

    assert failed is None or isinstance(failed, Conflict)
    assert _modes(database, cast, version.id) <= {Mode.SUSPENDED, Mode.RETIRED}


def test_a_shadow_that_is_begun_meanwhile_stops_too(
    database: Database, objects: LocalObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)

    def begin(pause: Pause) -> None:
        def slowly(session: ReadSession, *given: object) -> list[Missing]:
            found = evaluate(session, *given)  # type: ignore[arg-type]
            pause.missing(session, version, cast.site.id)
            return found

        monkeypatch.setattr(service, "evaluate", slowly)
        with database.write() as session:
            deploy(session, cast, version)

    failed = _while_withdrawn(database, cast, version.id, begin)

    assert failed is None or isinstance(failed, Conflict)
    assert _modes(database, cast, version.id) <= {Mode.SUSPENDED}


def test_an_open_proposal_closes_with_the_version_it_is_for(
    database: Database, objects: LocalObjectStore
) -> None:
    cast, version, outcome = _proposed(database, objects, Mode.SUSPENDED)
    _withdraw(database, cast.other_manager, version.id)
    with database.read() as session:
        change = session.get_one(DeploymentChange, outcome.change.id)
        assert (change.state, change.closed_reason) == (ChangeState.WITHDRAWN, "unsafe")
