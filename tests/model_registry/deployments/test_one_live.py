"""Two transactions at once: the database lets one version live, whatever the code thinks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from factories.deployments import approve, deploy, go_live, place_deployment, request
from factories.safety import Cast, create_cast, create_version, sign_everything
from sqlalchemy.exc import IntegrityError

from model_registry.deployments import repository
from model_registry.deployments.models import Deployment, Mode
from model_registry.deployments.service import Outcome
from vigil.kernel.db import Database
from vigil.kernel.errors import Conflict
from vigil.kernel.objects import LocalObjectStore


def test_the_database_holds_one_live_deployment_per_model_and_site(database: Database) -> None:
    with database.write() as session:
        cast = create_cast(session)
        first, second = (create_version(session, cast, v) for v in ("1.0.0", "2.0.0"))
        place_deployment(session, first, cast.site.id, Mode.LIVE)
    with pytest.raises(IntegrityError), database.write() as session:
        place_deployment(session, second, cast.site.id, Mode.LIVE)


def _at_once(deeds: list[Callable[[], None]]) -> list[Exception | None]:
    together = Barrier(len(deeds))

    def run(deed: Callable[[], None]) -> Exception | None:
        together.wait()
        try:
            deed()
        except Exception as error:  # noqa: BLE001 - which error it is, is what is tested
            return error
        return None

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def _agreeing(database: Database, cast: Cast, outcome: Outcome) -> Callable[[], None]:
    def agree() -> None:
        with database.write() as session:
            approve(session, cast.site_officer, outcome)

    return agree


@pytest.mark.parametrize("is_replacing", [False, True])
def test_of_two_versions_made_live_at_once_one_wins_and_the_other_is_told(
    database: Database, objects: LocalObjectStore, is_replacing: bool
) -> None:
    proposals = []
    with database.write() as session:
        cast = create_cast(session)
        if is_replacing:
            go_live(session, objects, cast, "0.9.0")
        for label in ("1.0.0", "2.0.0"):
            version = create_version(session, cast, label)
            sign_everything(session, objects, cast, version)
            proposals.append(request(session, cast.manager, deploy(session, cast, version)))

    ends = _at_once([_agreeing(database, cast, proposal) for proposal in proposals])

    assert sorted(type(end).__name__ for end in ends) == ["LiveChanged", "NoneType"]
    assert all(end is None or isinstance(end, Conflict) for end in ends)
    with database.read() as session:
        modes = [d.mode for d in repository.deployments(session, cast.manager)]
    assert sorted(modes) == sorted([Mode.LIVE, Mode.SHADOW] + [Mode.RETIRED] * is_replacing)


def test_an_officer_who_clicks_twice_at_once_agrees_once(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_everything(session, objects, cast, version)
        outcome = request(session, cast.manager, deploy(session, cast, version))

    ends = _at_once([_agreeing(database, cast, outcome)] * 2)

    assert sorted(type(end).__name__ for end in ends) == ["ChangeClosed", "NoneType"]
    with database.read() as session:
        assert len(repository.approvals(session, outcome.change.id)) == 2
        assert session.get_one(Deployment, outcome.deployment.id).revision == 2
