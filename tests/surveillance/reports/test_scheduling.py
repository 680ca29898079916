from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from conftest import FakeClock, RecordingQueue
from factories.identity import create_organisation, create_person
from factories.steps import InlineSteps
from factories.surveillance import FINDING, Place, create_place
from factories.web import browser, create_web

from surveillance.reports import api, pages, schedules, schedules_api, service
from surveillance.reports.errors import (
    AlreadyScheduled,
    NotFailed,
    RenderingFailed,
    ScheduleEnded,
    UnknownSchedule,
)
from surveillance.reports.models import Cadence, Phase, Report, ReportSchedule, ReportState
from surveillance.reports.rendering import Renderer
from surveillance.reports.tasks import SCHEDULE, ReportTasks, ask_for_scheduled
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
SUPPLIER = Actor(id="u", label="u", grants=(Grant(Role.SUPPLIER),), sites=None)
STRANGER = Actor(id="u", label="u", grants=(Grant(Role.CSO),), sites=frozenset({"site_other"}))
MONDAY = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)


@pytest.fixture
def place(parts: Parts, clock: FakeClock) -> Place:
    clock.now = MONDAY
    with parts.database.write() as session:
        return create_place(session)


def add(parts: Parts, place: Place, actor: Actor = OFFICER, **extra: Any) -> ReportSchedule:
    with parts.database.write() as session:
        return schedules.add(
            session,
            actor,
            version_id=place.version_id,
            site_id=place.site_id,
            cadence=Cadence.WEEKLY,
            reason="for the monthly board",
            **extra,
        )


def made(parts: Parts) -> list[Report]:
    with parts.database.read() as session:
        return list(service.reports(session, OFFICER))


def ask(parts: Parts, place: Place) -> Report:
    with parts.database.write() as session:
        return service.request(
            session,
            OFFICER,
            parts.queue,
            version_id=place.version_id,
            site_id=place.site_id,
            from_day=date(2026, 11, 1),
            to_day=date(2026, 11, 20),
        )


def test_each_whole_period_is_reported_exactly_once(
    parts: Parts, place: Place, clock: FakeClock
) -> None:
    row = add(parts, place, from_day=date(2026, 11, 9))
    tasks = ReportTasks(parts)
    for _ in range(3):
        tasks.schedule(InlineSteps(parts.database), clock.now.date().isoformat())
    found = sorted((one.from_day, one.to_day, one.schedule_id) for one in made(parts))
    assert found == [
        (date(2026, 11, 9), date(2026, 11, 15), row.id),
        (date(2026, 11, 16), date(2026, 11, 22), row.id),
    ]
    clock.now += timedelta(days=7)
    tasks.schedule(InlineSteps(parts.database), clock.now.date().isoformat())
    assert len(made(parts)) == 3


def test_workers_ask_once_a_day(parts: Parts, place: Place, clock: FakeClock) -> None:
    asked = ask_for_scheduled(parts, None)
    assert ask_for_scheduled(parts, asked) == asked == date(2026, 11, 23)
    enqueued = cast("RecordingQueue", parts.queue).enqueued
    assert [one.key for one in enqueued] == [f"{SCHEDULE}:2026-11-23"]
    clock.now += timedelta(days=1)
    assert ask_for_scheduled(parts, asked) == date(2026, 11, 24)


def test_an_ended_schedule_asks_for_nothing(parts: Parts, place: Place) -> None:
    row = add(parts, place, from_day=date(2026, 11, 9))
    with parts.database.write() as session:
        schedules.end(session, OFFICER, schedule_id=row.id, reason="no longer read")
    ReportTasks(parts).schedule(InlineSteps(parts.database), "2026-11-23")
    assert made(parts) == []
    with parts.database.write() as session, pytest.raises(ScheduleEnded):
        schedules.end(session, OFFICER, schedule_id=row.id, reason="again")
    assert add(parts, place).id != row.id


def test_the_same_is_not_scheduled_twice_and_not_by_everybody(parts: Parts, place: Place) -> None:
    row = add(parts, place)
    with pytest.raises(AlreadyScheduled, match=row.id):
        add(parts, place)
    for actor in (SUPPLIER, STRANGER):
        with pytest.raises(Forbidden):
            add(parts, place, actor, finding_key="other")
    with parts.database.read() as session:
        with pytest.raises(UnknownSchedule):
            schedules.schedule(session, STRANGER, row.id)
        with pytest.raises(Forbidden):
            service.reports(session, SUPPLIER)


def test_a_report_that_failed_says_why_and_is_made_again(
    parts: Parts, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = ask(parts, place)
    assert (report.phase, report.percent) == (Phase.PLANNED, 0)
    with parts.database.write() as session, pytest.raises(NotFailed):
        service.retry(session, OFFICER, parts.queue, report_id=report.id, reason="sooner")
    calls = []

    def fails(*_: object) -> dict[str, Any]:
        calls.append(1)
        raise RenderingFailed("Not rendered within 120 seconds.")

    monkeypatch.setattr(service, "make", fails)
    ReportTasks(parts).make(InlineSteps(parts.database), report.id)
    (row,) = made(parts)
    assert (row.state, row.phase, row.percent) == (ReportState.FAILED, Phase.FAILED, 100)
    assert row.verdict == "Not rendered within 120 seconds."
    assert len(calls) == 2
    monkeypatch.undo()
    with parts.database.write() as session:
        service.retry(session, OFFICER, parts.queue, report_id=report.id, reason="it was busy")
    ReportTasks(parts).make(InlineSteps(parts.database), report.id)
    (row,) = made(parts)
    assert (row.state, row.attempts) == (ReportState.INSUFFICIENT, 2)
    assert row.phase == Phase.DONE


def test_progress_is_seen_while_it_is_made(parts: Parts, place: Place) -> None:
    report = ask(parts, place)
    service.note(parts, OFFICER, report.id, Phase.RENDERING)
    (row,) = made(parts)
    assert (row.phase, row.percent, row.state) == ("rendering", 50, ReportState.PLANNED)


def test_without_reference_and_cases_the_first_page_still_counts(
    parts: Parts, place: Place
) -> None:
    report = ask(parts, place)
    ReportTasks(parts, Renderer()).make(InlineSteps(parts.database), report.id)
    (row,) = made(parts)
    assert row.verdict == "Insufficient data: no reference was set."
    assert row.summary is not None
    assert row.summary["counts"]["runs"] == 0
    assert row.summary["counts"]["is_balanced"] is True


def test_reports_are_found_by_version_site_and_period(parts: Parts, place: Place) -> None:
    row = ask(parts, place)
    with parts.database.read() as session:

        def find(**by: Any) -> list[str]:
            return [one.id for one in service.reports(session, OFFICER, **by)]

        assert find(version_id=place.version_id, site_id=place.site_id) == [row.id]
        assert find(from_day=date(2026, 11, 20), to_day=date(2026, 11, 30)) == [row.id]
        assert find(from_day=date(2026, 11, 21)) == []
        assert find(to_day=date(2026, 10, 31)) == []
        assert find(state=ReportState.READY) == []


def test_people_ask_follow_schedule_and_end_in_the_browser(parts: Parts, place: Place) -> None:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        officer = create_person(session, "NET", Role.CSO)
    app = create_web(
        parts,
        api.router,
        pages.router,
        schedules_api.router,
        domains={"reports": "surveillance.reports"},
    )
    client = browser(app, officer)
    new = client.get("/reports/new", params={"version_id": place.version_id})
    assert "Every finding" in new.text
    asked = client.post(
        "/reports",
        data={
            "version_id": place.version_id,
            "site_id": place.site_id,
            "finding_key": FINDING,
            "from_day": "2026-11-01",
            "to_day": "2026-11-20",
            "reason": "a look",
        },
    )
    where = asked.headers["location"]
    assert "The report is being made: planned, 0%" in client.get(where).text
    ReportTasks(parts).make(InlineSteps(parts.database), where.rpartition("/")[2])
    assert "no reference was set" in client.get(where).text
    assert client.get(f"{where}/download").status_code == 404
    why = {"reason": "for the board"}
    assert client.post(f"{where}/schedule", data={"cadence": "weekly", **why}).status_code == 303
    assert client.post(f"{where}/schedule", data={"cadence": "hourly", **why}).status_code == 422
    assert client.post(f"{where}/retry", data=why).status_code == 409
    (schedule,) = client.get("/api/v1/report-schedules").json()
    assert "End the weekly report" in client.get("/reports").text
    ended = client.post(f"/report-schedules/{schedule['id']}/end", data=why)
    assert ended.status_code == 303
    assert client.get(f"/api/v1/report-schedules/{schedule['id']}").json()["ended_at"]
