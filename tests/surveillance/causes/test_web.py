"""From an alert to what changed, on the page and in the API."""

from datetime import date, timedelta

import pytest
from factories.identity import create_organisation, create_person
from factories.surveillance import FINDING, Place, create_place, many_runs, reference_cases
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI

from surveillance.alerts import pages as alerts_pages
from surveillance.alerts.models import Alert, Tier
from surveillance.causes import api
from surveillance.records import baseline, service
from surveillance.streams.kinds import StreamKind
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

JSON = {"Accept": "application/json"}
DAYS, CHANGED = 40, 25


@pytest.fixture
def officer(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return create_person(session, "NET", Role.CSO)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    domains = {"alerts": "surveillance.alerts"}
    return create_web(parts, api.router, alerts_pages.router, domains=domains)


def seed(
    parts: Parts, officer: Actor, *, kind: StreamKind = StreamKind.SCORE, usual: bool = True
) -> Alert:
    """Raise an alert of a site whose scores went up on the 25th day; `usual`: with days before."""
    with parts.database.write() as session:
        place = create_place(session)
        start = session.now().date() - timedelta(days=DAYS)
        baseline.set_from_cases(
            session,
            officer,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            effective_from=start,
        )
        _record(session, parts, place, start, usual=usual)
        changed = start + timedelta(days=CHANGED)
        alert = Alert(
            id=session.new_id("alr"),
            stream=kind.value,
            version_id=place.version_id,
            site_id=place.site_id,
            finding_key=FINDING,
            tier=Tier.ESCALATE,
            estimate=0.6,
            interval_low=0.58,
            interval_high=0.62,
            baseline=0.5,
            tolerance=0.53,
            e_value=10_000,
            n=1000,
            window_from=changed,
            window_to=session.now().date(),
            sentence=f"{FINDING}: scores rank high",
            opened_at=session.now(),
        )
        session.add(alert)
        session.flush()
        session.expunge(alert)
    return alert


def _record(session: WriteSession, parts: Parts, place: Place, start: date, *, usual: bool) -> None:
    later = start + timedelta(days=CHANGED)
    runs = many_runs(place, days=DAYS - CHANGED, per_day=12, start=later, seed=2, low=0.3)
    if usual:
        runs += many_runs(place, days=CHANGED, per_day=8, start=start)
    service.record_runs(session, parts.keys, runs)


def test_causes_come_ranked_with_the_studies_that_show_them(
    parts: Parts, app: FastAPI, officer: Actor
) -> None:
    alert = seed(parts, officer)
    found = browser(app, officer).get(f"/api/v1/alerts/{alert.id}/causes", headers=JSON).json()
    assert (found["n_before"], found["n_since"]) == (CHANGED * 8, (DAYS - CHANGED) * 12)
    assert found["since"] > found["before"]
    assert found["problem"] == ""
    assert [cause["rank"] for cause in found["causes"]] == [*range(1, len(found["causes"]) + 1)]
    assert found["causes"][-1]["kind"] == "unexplained"
    assert all(len(cause["studies"]) <= 20 for cause in found["causes"])


def test_the_reference_stands_in_for_days_before(
    parts: Parts, app: FastAPI, officer: Actor
) -> None:
    alert = seed(parts, officer, usual=False)
    found = browser(app, officer).get(f"/api/v1/alerts/{alert.id}/causes", headers=JSON).json()
    assert found["n_before"] == 2000
    assert found["before"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    "kind",
    [StreamKind.SCORE, StreamKind.OVERRIDE_RATE, StreamKind.MISS_RATE, StreamKind.VOLUME],
)
def test_an_alert_of_every_kind_has_its_page(
    parts: Parts, app: FastAPI, officer: Actor, kind: StreamKind
) -> None:
    alert = seed(parts, officer, kind=kind)
    page = browser(app, officer).get(f"/alerts/{alert.id}")
    assert page.status_code == 200
    assert "What changed?" in page.text
    assert "Unexplained" in page.text


def test_nobody_else_reads_causes(parts: Parts, app: FastAPI, officer: Actor) -> None:
    alert = seed(parts, officer)
    path = f"/api/v1/alerts/{alert.id}/causes"
    assert anonymous(app).get(path, headers=JSON).status_code == 401
    assert browser(app, officer).get("/api/v1/alerts/alr_none/causes").status_code == 404
