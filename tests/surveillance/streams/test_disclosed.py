"""What people who do not work at a site are told of its groups, on every surface."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from factories.identity import create_organisation, create_person
from factories.surveillance import FINDING, Place, create_place, many_runs, reference_cases
from factories.web import browser, create_web
from fastapi.testclient import TestClient

from surveillance.axes import ALL
from surveillance.disclosure import hidden_levels, whole_weeks
from surveillance.measures.intervals import Interval
from surveillance.records import baseline, service
from surveillance.records.facts import RunFacts
from surveillance.references.cases import Case
from surveillance.references.service import Baseline
from surveillance.streams import api, pages
from surveillance.streams.assessment import Assessment, Shortage
from surveillance.streams.disclosed import disclosed
from surveillance.streams.evaluation import evaluate
from surveillance.streams.kinds import StreamKind
from surveillance.streams.view import StreamView
from vigil.kernel.errors import Invalid
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

API = "/api/v1/surveillance/streams"
Clients = tuple[TestClient, TestClient]
RARE = "rare co"
FEW = (5, 40, 41)  # of three images, two came in one week


def runs(place: Place, start: date) -> Iterator[RunFacts]:
    for number, run in enumerate(many_runs(place, days=30, per_day=12, start=start)):
        maker = RARE if number in FEW else "bulk" if number % 2 else "other"
        findings = tuple(
            replace(each, levels={**each.levels, "manufacturer": maker}) for each in run.findings
        )
        yield replace(run, levels={**run.levels, "manufacturer": maker}, findings=findings)


def cases() -> list[Case]:
    makers = (RARE, "bulk", "other")
    return [
        replace(case, levels={**(case.levels or {}), "manufacturer": makers[number % 3]})
        for number, case in enumerate(reference_cases())
    ]


@pytest.fixture
def place(parts: Parts) -> Place:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        place = create_place(session)
        start = session.now().date() - timedelta(days=29)
        baseline.set_from_cases(
            session,
            system_actor("test"),
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=cases(),
            reason="validation set",
            baseline=Baseline(decided=2000, overridden=80),
            effective_from=start,
        )
        for facts in runs(place, start):
            service.record_run(session, parts.keys, facts)
        evaluate(session, system_actor("test"), parts.events, day=session.now().date())
    return place


@pytest.fixture
def clients(parts: Parts, place: Place) -> Clients:
    """Somebody of the network, who works at no site, and somebody of the site."""
    app = create_web(parts, api.router, pages.router, domains={"streams": "surveillance.streams"})
    with parts.database.write() as session:
        assert place
        people = [create_person(session, each, Role.CSO) for each in ("NET", "RXX")]
    network, own = (browser(app, each) for each in people)
    return network, own


def test_groups_of_a_few_are_for_the_site_alone(
    clients: tuple[TestClient, TestClient], place: Place
) -> None:
    network, own = clients
    asked = {"kind": "score", "axis": "manufacturer"}
    seen, known = (
        {one["level"]: one for one in client.get(API, params=asked).json()["items"]}
        for client in (network, own)
    )
    assert known[RARE]["n"] == len(FEW)
    assert not known[RARE]["withheld"]
    withheld = [level for level, one in seen.items() if one["withheld"]]
    assert len(withheld) == 2  # a second one, or it would be what is left of everybody
    assert RARE in withheld
    for level in withheld:
        one = seen[level]
        numbers = ("n", "estimate", "interval_low", "interval_high", "shortage", "window_from")
        assert [one[name] for name in numbers] == [None] * len(numbers)
        assert one["sentence"].endswith("fewer than ten people or would give another away.")
    [shown] = [one for level, one in seen.items() if level not in withheld]
    assert shown["n"] % 10 == 0
    text = network.get(f"{API}.csv", params=asked).text
    assert f"{len(FEW)} of 200" not in text
    assert f"{len(FEW)} of 200" in own.get(f"{API}.csv", params=asked).text


def test_the_page_and_its_files_withhold_the_same(
    clients: tuple[TestClient, TestClient], place: Place
) -> None:
    network, own = clients
    path = f"/models/{place.model_id}/versions/{place.version_id}/surveillance"
    for client, is_told in ((own, True), (network, False)):
        page = client.get(path, params={"kind": "score", "axis": "manufacturer"}).text
        assert (f"{len(FEW)} of 200" in page) is is_told
        groups = client.get(f"{path}/groups.csv", params={"axis": "manufacturer"})
        # Of three groups two are hidden, and one is no chart.
        assert (groups.status_code == 200 and RARE in groups.text) is is_told


def test_a_stream_is_followed_by_whole_weeks_that_are_over(
    clients: tuple[TestClient, TestClient], place: Place
) -> None:
    network, own = clients
    asked = {"version_id": place.version_id, "site_id": place.site_id, "finding_key": FINDING}
    days = own.get(f"{API}/series", params=asked).json()["days"]
    weeks = network.get(f"{API}/series", params=asked).json()["days"]
    assert len(days) == 30
    assert [date.fromisoformat(each["day"]).weekday() for each in weeks] == [0] * len(weeks)
    last = date.fromisoformat(weeks[-1]["day"]) + timedelta(days=6)
    assert last < date.fromisoformat(days[-1]["day"])
    until = [each for each in days if date.fromisoformat(each["day"]) <= last]
    assert sum(each["n"] for each in weeks) == sum(each["n"] for each in until)


def test_weeks_of_a_few_and_what_gives_them_away_are_withheld(
    clients: tuple[TestClient, TestClient], place: Place
) -> None:
    network, _ = clients
    asked = {
        "version_id": place.version_id, "site_id": place.site_id, "finding_key": FINDING,
        "axis": "manufacturer",
    }  # fmt: skip
    rare, bulk, other = (
        network.get(f"{API}/series", params={**asked, "level": level}).json()["days"]
        for level in (RARE, "bulk", "other")
    )
    assert rare
    assert all(week["n"] is None and week["value"] is None for week in rare)
    for week in rare:
        beside = [one for each in (bulk, other) for one in each if one["day"] == week["day"]]
        assert [one["n"] for one in beside].count(None) == 1
    text = network.get(f"{API}/series.csv", params={**asked, "level": RARE}).text
    assert [line.split(",")[1] for line in text.splitlines()[1:]] == [""] * len(rare)


def test_a_level_that_has_no_line_of_its_own_is_protected_too() -> None:
    assert hidden_levels("view", {"PA": 50, "AP": 30}) == set()
    assert hidden_levels("view", {"PA": 50, "AP": 30}, everybody=83) == {"AP"}
    assert hidden_levels("view", {"PA": 50, "AP": 30}, everybody=80) == set()
    assert hidden_levels("sex*age_band", {"F 0-17": 3, "F 80+": 40, "M 0-17": 60, "M 80+": 70}) == {
        "F 0-17", "F 80+", "M 0-17", "M 80+",
    }  # fmt: skip


def view(level: str, n: int, **told: object) -> StreamView:
    axis = ALL if level == ALL else "view"
    found = Assessment(
        version_id="v", site_id="s", subject="x", kind=StreamKind.FLAG_RATE, axis=axis,
        level=level, n=n, **told,  # type: ignore[arg-type]
    )  # fmt: skip
    return StreamView(found, None)


def test_what_is_shown_of_a_group_does_not_tell_how_many_it_is_of() -> None:
    short = Shortage("predictions", 187, 200)
    rate = Interval(43 / 187, 0.1734, 0.2954)
    everybody, shown = disclosed(
        [view(ALL, 187, interval=rate), view("PA", 187, interval=rate, shortage=short)]
    )
    assert everybody.assessment.interval == rate
    found = shown.assessment
    assert (found.n, found.interval) == (180, Interval(0.23, 0.17, 0.3))
    assert str(found.shortage) == "180 of 200 predictions"


def test_everybody_of_a_site_is_withheld_where_that_is_few() -> None:
    [few, none] = [*disclosed([view(ALL, 4)]), *disclosed([view(ALL, 0)])]
    assert few.withheld
    assert not none.withheld


def test_whole_weeks() -> None:
    today = date(2026, 11, 25)  # a Wednesday
    asked = date(2026, 11, 4), date(2026, 11, 25)
    assert whole_weeks(*asked, today) == (date(2026, 11, 2), date(2026, 11, 22))
    with pytest.raises(Invalid):
        whole_weeks(date(2026, 11, 23), date(2026, 11, 25), today)
