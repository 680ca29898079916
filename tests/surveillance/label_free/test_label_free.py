from datetime import timedelta
from random import Random

import grimp
import pytest
from factories.identity import create_organisation, create_person
from factories.surveillance import FINDING, START, Place, create_place, run_facts
from factories.web import browser, create_web

from surveillance.label_free import api, pages, service
from surveillance.label_free.errors import WrongDays
from surveillance.label_free.estimates import BLIND_SPOT, View
from surveillance.records import baseline
from surveillance.records import service as records
from surveillance.references.cases import Case, read_csv
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
SUPPLIER = Actor(id="u", label="u", grants=(Grant(Role.SUPPLIER),), sites=frozenset())
LAST = START + timedelta(days=9)


def labelled_cases(n: int = 1000, seed: int = 5, *, share: float = 0.2) -> list[Case]:
    random = Random(seed)
    cases = []
    for _ in range(n):
        truth = random.random() < share
        score = min(1.0, max(0.0, random.gauss(0.75 if truth else 0.35, 0.2)))
        cases.append(Case(score, score >= 0.7, {}, truth))
    return cases


def prepare(parts: Parts, cases: list[Case], *, a_day: int = 60, days: int = 10) -> Place:
    with parts.database.write() as session:
        place = create_place(session)
        baseline.set_from_cases(
            session,
            OFFICER,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=cases,
            reason="validation set",
            effective_from=START,
        )
        for number, case in enumerate(labelled_cases(a_day * days, 6)):
            day = START + timedelta(days=number // a_day)
            facts = run_facts(place, number, day=day, score=case.score)
            records.record_run(session, parts.keys, facts)
    return place


def view(parts: Parts, place: Place, actor: Actor = OFFICER) -> View:
    with parts.database.read() as session:
        (found,) = service.views(
            session,
            actor,
            version_id=place.version_id,
            site_id=place.site_id,
            from_day=START,
            to_day=LAST,
        )
    return found


def test_estimates_come_with_their_blind_spot_in_the_same_sentence(parts: Parts) -> None:
    found = view(parts, prepare(parts, labelled_cases()))
    assert found.estimates is not None
    assert found.estimates.sensitivity is not None
    assert found.estimates.sensitivity.estimate == pytest.approx(0.6, abs=0.12)
    assert (found.cases, found.days, found.labelled, found.left_out) == (600, 10, 1000, 0)
    sentence = found.sentence.partition(". It is")[0]
    assert "area under the curve 0." in sentence
    assert "cannot see a model that ranks worse" in sentence
    assert BLIND_SPOT in found.sentence


@pytest.mark.parametrize(
    ("cases", "a_day", "days", "why"),
    [
        ([Case(n / 999, n > 700, {}) for n in range(1000)], 60, 10, "the reference has no labels"),
        (labelled_cases(share=0.01), 60, 10, "of 30 labelled cases of each kind"),
        (labelled_cases(), 4, 10, "40 of 500 cases with a score"),
        (labelled_cases(), 300, 2, "2 of 7 days with cases"),
    ],
)
def test_where_it_cannot_be_known_it_says_why(
    parts: Parts, cases: list[Case], a_day: int, days: int, why: str
) -> None:
    found = view(parts, prepare(parts, cases, a_day=a_day, days=days))
    assert found.estimates is None
    assert why in str(found.unavailable)
    assert found.sentence.startswith("Not available: ")


def test_days_the_wrong_way_round_and_strangers_are_refused(parts: Parts) -> None:
    place = prepare(parts, labelled_cases(), a_day=1, days=1)
    with pytest.raises(Forbidden):
        view(parts, place, SUPPLIER)
    with parts.database.read() as session, pytest.raises(WrongDays):
        service.views(
            session,
            OFFICER,
            version_id=place.version_id,
            site_id=place.site_id,
            from_day=LAST,
            to_day=START,
        )


def test_the_page_and_the_api_show_the_sentence(parts: Parts) -> None:
    place = prepare(parts, labelled_cases())
    asked = {
        "version_id": place.version_id,
        "site_id": place.site_id,
        "from_day": START.isoformat(),
        "to_day": LAST.isoformat(),
    }
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        officer = create_person(session, "NET", Role.CSO)
    app = create_web(
        parts, api.router, pages.router, domains={"label_free": "surveillance.label_free"}
    )
    client = browser(app, officer)
    (found,) = client.get("/api/v1/surveillance/label-free", params=asked).json()
    assert found["blind_spot"] in found["sentence"]
    assert set(found["estimates"]) >= {"area", "sensitivity", "specificity"}
    page = client.get(f"/models/{place.model_id}/versions/{place.version_id}/label-free")
    assert "Nothing here raises an alert" in page.text


def test_truths_are_read_from_a_table_by_line() -> None:
    cases = read_csv("score,truth\n0.1,0\n0.9,1\n0.5,\n", threshold=0.5)
    assert [case.truth for case in cases] == [False, True, None]
    with pytest.raises(Invalid, match="line 2: the truth is neither 1 nor 0"):
        read_csv("score,truth\n0.1,perhaps\n", threshold=0.5)


def test_no_alarm_and_no_gate_can_reach_it_nor_it_them() -> None:
    """Neither an alert nor evidence of safety: no import leads from the one to the other."""
    graph = grimp.build_graph("surveillance", "model_registry", "inference", cache_dir=None)
    mine = "surveillance.label_free"
    assert mine in graph.modules
    for other in ("surveillance.alerts", "surveillance.streams", "model_registry.safety"):
        assert not graph.find_shortest_chains(importer=other, imported=mine), other
    for other in ("surveillance.alerts", "surveillance.streams"):
        assert not graph.find_shortest_chains(importer=mine, imported=other), other
