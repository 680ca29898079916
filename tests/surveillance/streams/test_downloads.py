"""Filters, cursors, downloads and day-by-day series of the surveillance page and its API."""

from datetime import date, timedelta

import pytest
from factories.identity import create_organisation, create_person
from factories.surveillance import FINDING, Place, create_place, many_runs, reference_cases
from factories.web import browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from surveillance.declarations import service as declarations
from surveillance.declarations.models import Choice
from surveillance.measures.detector import Evidence
from surveillance.measures.intervals import Interval
from surveillance.records import baseline, service
from surveillance.references.service import Baseline
from surveillance.streams import api, pages
from surveillance.streams.assessment import Assessment, Bounds, Shortage
from surveillance.streams.kinds import StreamKind
from surveillance.streams.snapshots import from_plain, to_plain
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

API = "/api/v1/surveillance/streams"
DOMAINS = {"streams": "surveillance.streams"}


@pytest.fixture
def place(parts: Parts) -> Place:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        officer = create_person(session, "NET", Role.CSO)
        place = create_place(session)
        start = session.now().date() - timedelta(days=29)
        baseline.set_from_cases(
            session,
            officer,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            baseline=Baseline(decided=2000, overridden=80),
            effective_from=start,
        )
        service.record_runs(
            session,
            parts.keys,
            many_runs(place, days=30, per_day=12, start=start, override_rate=0.25),
        )
    return place


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, api.router, pages.router, domains=DOMAINS)


@pytest.fixture
def client(parts: Parts, app: FastAPI, place: Place) -> TestClient:
    assert place
    with parts.database.write() as session:
        officer = create_person(session, "NET", Role.CSO)
    found = browser(app, officer)
    found.post("/api/v1/surveillance/evaluations", json={})
    return found


@pytest.fixture
def own(parts: Parts, app: FastAPI, client: TestClient) -> TestClient:
    """Somebody who works at the site, after a first look at it."""
    assert client
    with parts.database.write() as session:
        officer = create_person(session, "RXX", Role.CSO)
    return browser(app, officer)


def test_streams_are_filtered_and_come_in_pieces(client: TestClient, place: Place) -> None:
    flags = client.get(f"{API}?kind=flag_rate&axis=all").json()["items"]
    assert [each["stream"] for each in flags] == ["flag_rate"]
    groups = client.get(f"{API}?axis=sex").json()["items"]
    assert {each["axis"] for each in groups} == {"sex"}
    seen: list[tuple[str, ...]] = []
    path: str | None = f"{API}?limit=7"
    while path:
        answer = client.get(path)
        seen += [
            (each["stream"], each["finding_key"], each["axis"], each["level"])
            for each in answer.json()["items"]
        ]
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert len(seen) == len(set(seen)) > 7
    assert client.get(f"{API}?axis=none").json()["items"] == []
    lines = client.get(f"{API}.csv").text.splitlines()
    assert len(lines) == len(seen) + 1


def test_a_muted_stream_shows_what_was_counted_and_says_that_it_is_muted(
    own: TestClient, parts: Parts, place: Place
) -> None:
    client = own
    asked = {"version_id": place.version_id, "site_id": place.site_id, "finding_key": FINDING}
    asked["kind"] = "override_rate"
    before = client.get(f"{API}/series", params=asked).json()
    assert before["muted"] is None
    with parts.database.write() as session:
        made = declarations.choose(
            session,
            system_actor("test"),
            name="override_rate",
            choice=Choice.MUTE,
            reason="readers are being trained",
        )
        made_by = made.made_by
    found = client.get(f"{API}/series", params=asked).json()
    assert (found["muted"]["reason"], found["muted"]["made_by"]) == (
        "readers are being trained",
        made_by,
    )
    assert any(day["mark"] for day in before["days"])
    assert found["days"] == [{**day, "mark": ""} for day in before["days"]]
    lines = client.get(f"{API}/series.csv", params=asked).text.splitlines()
    assert lines[0].endswith("is_muted")
    # On a day before it was muted, nothing says that it is.
    earlier = str(date.fromisoformat(found["days"][-1]["day"]) - timedelta(days=2))
    assert client.get(f"{API}/series", params={**asked, "to_day": earlier}).json()["muted"] is None


def test_a_stream_is_followed_day_by_day(own: TestClient, place: Place) -> None:
    client = own
    asked = {"version_id": place.version_id, "site_id": place.site_id, "finding_key": FINDING}
    found = client.get(f"{API}/series", params={**asked, "kind": "override_rate"}).json()
    assert len(found["days"]) == 30
    assert found["baseline"] == pytest.approx(0.04)
    assert found["tolerated_high"] == pytest.approx(0.05)
    assert found["days"][-1]["mark"].startswith("watch")
    assert found["days"][-1]["level"] > found["days"][0]["level"]
    late = (date.fromisoformat(found["days"][20]["day"])).isoformat()
    lines = client.get(f"{API}/series.csv", params={**asked, "from_day": late}).text.splitlines()
    assert lines[0].startswith("day,n,value,estimate,level,since,mark,baseline")
    assert len(lines) == 11
    assert client.get(f"{API}/series", params={**asked, "kind": "volume"}).status_code == 404
    nowhere = {**asked, "finding_key": "none"}
    assert client.get(f"{API}/series", params=nowhere).status_code == 404


@pytest.mark.parametrize("chart", ["flag-rate", "override-rate", "scores", "groups", "streams"])
def test_every_chart_has_its_numbers_as_a_file(
    client: TestClient, place: Place, chart: str
) -> None:
    path = f"/models/{place.model_id}/versions/{place.version_id}/surveillance"
    assert f"{path}/{chart}.csv" in client.get(path).text
    answer = client.get(f"{path}/{chart}.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(answer.text.splitlines()) > 2
    assert client.get(f"{path}/no-such-chart.csv").status_code == 404


def test_the_page_takes_its_filters_from_the_address(client: TestClient, place: Place) -> None:
    path = f"/models/{place.model_id}/versions/{place.version_id}/surveillance"
    page = client.get(f"{path}?kind=score&axis=sex&period=13").text
    assert '<option value="sex" selected>' in page
    assert "by sex" in page
    none = client.get(f"{path}?kind=score&verdict=escalate&axis=view").text
    assert "No stream is like this." in none
    assert "Too little data for a verdict" in none


def test_a_snapshot_is_the_assessment_again() -> None:
    whole = Assessment(
        version_id="ver_1",
        site_id="sit_1",
        subject="f",
        kind=StreamKind.SCORE,
        axis="sex",
        level="F",
        reference_id="ref_1",
        n=9,
        shortage=Shortage("predictions", 9, 200, date(2026, 12, 1)),
        bounds=Bounds(0.5, 0.4, 0.6),
        evidence=Evidence(float("-inf"), 3, 1),
        interval=Interval(0.5, 0.4, 0.6),
        window=(date(2026, 11, 1), date(2026, 11, 3)),
        cusum=0.5,
        reliance="one score is missing",
    )
    bare = Assessment(version_id="ver_1", site_id="sit_1", subject="-", kind=StreamKind.VOLUME)
    for found in (whole, bare):
        assert from_plain("ver_1", "sit_1", to_plain(found)) == found
