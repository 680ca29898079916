"""Every stream that is judged has a course: by API, as a file, and where an alert leads to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from factories.identity import create_organisation, create_person
from factories.streams import at_work, many_inputs
from factories.surveillance import FINDING, Place, create_place
from factories.truth import EVERYBODY, label, studied
from factories.web import browser, create_web
from fastapi.testclient import TestClient

from inference.decisions.models import Decision
from inference.runs.models import Outcome
from surveillance.alerts import pages as alerts_pages
from surveillance.alerts.repository import alerts as raised_alerts
from surveillance.axes import ALL
from surveillance.records import baseline, inputs, service
from surveillance.records.numbers import DECISION_TIME, TURNAROUND
from surveillance.references.cases import Case
from surveillance.references.service import Baseline
from surveillance.streams import api, pages
from surveillance.streams.kinds import StreamKind
from surveillance.streams.models import ComparisonDay, DeliveryDay
from surveillance.streams.overview import overview
from surveillance.streams.view import StreamView
from surveillance.truth import service as truth
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

API = "/api/v1/surveillance/streams/series"
DAYS, PER_DAY = 70, 24
DOMAINS = {"streams": "surveillance.streams", "alerts": "surveillance.alerts"}
# Silence is of hours; a level that was never seen is an event.
# Events have no weeks; this site's models make no vectors.
WITHOUT = {StreamKind.SILENCE, StreamKind.UNSEEN_CATEGORY, StreamKind.EMBEDDING}


def _made(day: int, random: Random) -> tuple[dict[str, object], dict[str, float | None]]:
    attributes: dict[str, object] = {
        "view": random.choice(["PA", "AP"]),
        "patient_sex": random.choice("FM"),
    }
    kvp = None if random.random() < 0.05 else random.gauss(110, 9)
    numbers = {TURNAROUND: random.uniform(5, 60), DECISION_TIME: random.uniform(60, 900)}
    return attributes, {"kvp": kvp, **numbers}


def _ended(_day: int, random: Random) -> Outcome:
    chances = [(0.05, Outcome.SKIPPED), (0.08, Outcome.FAILED), (1.0, Outcome.SUCCEEDED)]
    drawn = random.random()
    return next(outcome for chance, outcome in chances if drawn < chance)


@pytest.fixture
def officer(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return create_person(session, "NET", Role.CSO)


@pytest.fixture
def place(parts: Parts, officer: Actor) -> Place:
    """Ten weeks of a site of which everything is known."""
    random = Random(3)
    with parts.database.write() as session:
        place = create_place(session)
        last = session.now().date() - timedelta(days=1)
        start = last - timedelta(days=DAYS - 1)
        at_work(session, place, start)
        scores = [random.random() for _ in range(3000)]
        cases = [
            Case(each, each >= 0.7, {"sex": random.choice("FM")}, random.random() < each)
            for each in scores
        ]
        baseline.set_from_cases(
            session,
            officer,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=cases,
            reason="validation set",
            baseline=Baseline(2000, 80, override_fp=40, override_fn=40, shown=2500),
            effective_from=start,
        )
        runs = studied(
            many_inputs(
                place, _made, days=DAYS, per_day=lambda _: PER_DAY, start=start, ended=_ended
            )
        )
        for number, run in enumerate(runs):
            said = Decision.OVERRIDE_FP if number % 20 == 0 else Decision.AGREE_NEG
            findings = tuple(replace(one, decision=said) for one in run.findings)
            runs[number] = replace(run, findings=findings)
        service.record_runs(session, parts.keys, runs)
        inputs.set_from_records(
            session,
            officer,
            parts.objects,
            version_id=place.version_id,
            site_id=place.site_id,
            first=30 * PER_DAY,
            reason="first month",
        )
        lines = [
            label(number, str(run.study_instance_uid), int(random.random() < 0.5), day=run.day)
            for number, run in enumerate(runs, start=1)
        ]
        truth.add_labels(
            session,
            EVERYBODY,
            parts.keys,
            site_id=place.site_id,
            source="registry",
            lines=lines,
            reason="audit",
        )
        session.add_all(_days(place, start))
    return place


def _days(place: Place, start: date) -> Iterator[DeliveryDay | ComparisonDay]:
    for number in range(DAYS):
        at = {"version_id": place.version_id, "site_id": place.site_id}
        day = start + timedelta(days=number)
        yield DeliveryDay(id=f"del_{number}", **at, day=day, n=20, late=1, dead=0)
        yield ComparisonDay(
            id=f"cmp_{number}",
            **at,
            champion_id=place.version_id,
            finding_key=FINDING,
            day=day,
            both=4,
            only_champion=1,
            only_candidate=1,
            neither=14,
        )


@pytest.fixture
def own(parts: Parts, place: Place) -> Actor:
    """Who works at the site, and is told of every day and of every group."""
    with parts.database.write() as session:
        return create_person(session, "RXX", Role.CSO)


@pytest.fixture
def client(parts: Parts, own: Actor, officer: Actor) -> TestClient:
    routers = (api.router, pages.router, alerts_pages.router)
    web = create_web(parts, *routers, domains=DOMAINS)
    browser(web, officer).post("/api/v1/surveillance/evaluations", json={})
    return browser(web, own)


def _judged(parts: Parts, officer: Actor) -> list[StreamView]:
    with parts.database.read() as session:
        found = overview(session, officer, day=session.now().date(), kept=True)
    return [view for view in found if view.assessment.bounds is not None]


def test_every_judged_stream_has_its_weeks_and_says_what_the_daily_look_said(
    client: TestClient, parts: Parts, own: Actor
) -> None:
    views = _judged(parts, own)
    everybody = {view.assessment.kind for view in views}
    assert everybody >= set(StreamKind) - WITHOUT
    for view in views:
        found = view.assessment
        if found.kind in WITHOUT or found.axis not in {ALL, "sex", "view"}:
            continue
        asked = {
            "version_id": found.version_id,
            "site_id": found.site_id,
            "finding_key": found.subject,
            "kind": found.kind.value,
            "axis": found.axis,
            "level": found.level,
        }
        answer = client.get(API, params=asked)
        assert answer.status_code == 200, (found.key, answer.text)
        course = answer.json()
        assert course["sentence"] == view.sentence
        assert sum(week["n"] for week in course["weeks"]) == sum(d["n"] for d in course["days"])
        known = [week for week in course["weeks"] if week["estimate"] is not None]
        assert known, found.key
        for week in known:
            assert week["interval_low"] <= week["estimate"] <= week["interval_high"]
        lines = client.get(f"{API}.csv", params={**asked, "by": "week"}).text.splitlines()
        assert lines[0].startswith("monday,n,estimate,interval_low,interval_high,baseline")
        assert len(lines) == len(course["weeks"]) + 1


def test_the_page_draws_the_stream_that_an_alert_is_about(
    client: TestClient, parts: Parts, officer: Actor
) -> None:
    with parts.database.read() as session:
        raised = raised_alerts(session, officer, limit=100)
    assert {alert.stream for alert in raised} >= {"miss_rate", "area"}
    for alert in raised:
        page = client.get(f"/alerts/{alert.id}").text
        path = next(part for part in page.split('href="') if "/surveillance?" in part)
        link = path.split('"')[0].replace("&amp;", "&")
        assert f"kind={alert.stream}" in link
        shown = client.get(link)
        assert 'id="course-title"' in shown.text, link
        assert "the engine raised an alert" in shown.text
        assert len(shown.content) < 150_000
        file = client.get(link.replace("/surveillance?", "/surveillance/course.csv?")).text
        assert file.startswith("week,estimate,from,to,cases,verdict")
        assert len(file.splitlines()) > 1


def test_a_stream_without_days_says_why_it_has_no_chart(client: TestClient, place: Place) -> None:
    path = f"/models/{place.model_id}/versions/{place.version_id}/surveillance"
    page = client.get(f"{path}?kind=silence").text
    assert "No chart" in page or "No stream is like this." in page
    asked = {"version_id": place.version_id, "site_id": place.site_id, "finding_key": "-"}
    answer = client.get(API, params={**asked, "kind": "silence"})
    assert answer.status_code == 404
