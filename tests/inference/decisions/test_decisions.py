"""What readers say, by the API and by a link."""

from typing import Any

import pytest
from factories.identity import create_person, create_site
from factories.runs import Finished, create_run
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI

from inference.decisions import api, pages, repository, service
from inference.decisions.events import ReaderDecided
from inference.decisions.models import DecisionSource, ReaderDecision
from inference.runs.models import Outcome, RunMode
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.parts import Parts

HTML = {"Accept": "text/html"}


@pytest.fixture
def finished(parts: Parts) -> Finished:
    with parts.database.write() as session:
        site = create_site(session)
        return create_run(session, parts.objects, site.id)  # type: ignore[arg-type]


@pytest.fixture
def reader(parts: Parts, finished: Finished) -> Actor:
    with parts.database.write() as session:
        return create_person(session, "RXX", Role.READER)


@pytest.fixture
def web(parts: Parts) -> FastAPI:
    return create_web(parts, api.router, pages.router, domains={"decisions": "inference.decisions"})


def said(parts: Parts, reader: Actor, finding_id: str) -> list[ReaderDecision]:
    with parts.database.read() as session:
        return list(repository.of_finding(session, reader, finding_id))


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


@pytest.mark.parametrize(
    ("index", "present", "decision"),
    [
        (0, True, "agree_pos"),
        (0, False, "override_fp"),
        (1, False, "agree_neg"),
        (1, True, "override_fn"),
    ],
)
def test_the_server_tells_agreement_from_override(
    web: FastAPI, finished: Finished, reader: Actor, index: int, present: bool, decision: str
) -> None:
    finding = finished.findings[index]

    answer = browser(web, reader).post(
        f"/api/v1/findings/{finding.id}/decisions", json={"present": present}
    )

    assert answer.status_code == 201
    assert answer.json()["decision"] == decision
    assert "reader" not in answer.text


def test_the_latest_counts_and_every_word_is_kept(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor, clock: Any
) -> None:
    client, path = browser(web, reader), f"/api/v1/findings/{finished.findings[0].id}/decisions"

    client.post(path, json={"present": True})
    clock.advance(60)
    client.post(path, json={"present": False, "comment": "atelectasis"})

    items = client.get(path).json()["items"]
    assert [one["decision"] for one in items] == ["override_fp", "agree_pos"]
    assert items[0]["comment"] == "atelectasis"


def test_readers_are_pseudonyms(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor, keys: Keys
) -> None:
    path = f"/api/v1/findings/{finished.findings[0].id}/decisions"
    browser(web, reader).post(path, json={"present": True})
    browser(web, reader).post(path, json={"present": True, "reader": "jbloggs"})

    kept = {one.reader_pseudonym for one in said(parts, reader, finished.findings[0].id)}

    assert kept == {service.pseudonym_of(keys, reader.id), service.pseudonym_of(keys, "jbloggs")}
    assert all(len(one) == 32 for one in kept)


def test_surveillance_hears_of_it_in_the_same_transaction(
    parts: Parts, finished: Finished, reader: Actor
) -> None:
    heard: list[str] = []

    def fail(session: Any, event: ReaderDecided) -> None:
        heard.append(event.decision_id)
        raise ZeroDivisionError

    parts.events.subscribe(ReaderDecided, fail)
    with pytest.raises(ZeroDivisionError), parts.database.write() as session:
        service.decide(
            session,
            reader,
            parts,
            finding_id=finished.findings[0].id,
            present=True,
            source=DecisionSource.API,
            reader_pseudonym="0" * 32,
        )

    assert len(heard) == 1
    assert said(parts, reader, finished.findings[0].id) == []


def test_another_site_a_supplier_and_a_clerk_decide_nothing(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor
) -> None:
    path = f"/api/v1/findings/{finished.findings[0].id}/decisions"
    with parts.database.write() as session:
        create_site(session, "RYY01")
        stranger = create_person(session, "RYY", Role.READER)
        supplier = create_person(session, "ACME", Role.SUPPLIER)
        operator = create_person(session, "RXX", Role.OPERATOR)

    answers = [
        browser(web, actor).post(path, json={"present": True}).status_code
        for actor in (stranger, supplier, operator)
    ]

    assert answers == [404, 403, 403]
    assert browser(web, stranger).get(path).status_code == 404


def test_a_run_without_a_result_takes_no_decision(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor
) -> None:
    with parts.database.write() as session:
        run = repository.run(session, reader, finished.run.id)
        assert run is not None
        run.outcome = Outcome.FAILED
        session.add(run)

    answer = browser(web, reader).post(
        f"/api/v1/findings/{finished.findings[0].id}/decisions", json={"present": True}
    )

    assert answer.status_code == 409


def test_a_link_shows_the_findings_without_sign_in_and_without_the_patient(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor
) -> None:
    link = service.link_for(parts, reader, finished.run)

    answer = anonymous(web).get(path_of(link), headers=HTML)

    assert answer.status_code == 200
    assert "Pneumonia" in answer.text
    assert "Agree: Pneumonia is present" in answer.text
    assert "Overrule: Pneumothorax is present" in answer.text
    assert "&lt;" not in answer.text
    assert "1.0.0" in answer.text
    for identifier in ("CompressedSamples", "9RG1", finished.study.study_instance_uid):
        assert identifier not in answer.text


def test_one_click_decides_and_the_page_says_so(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor, keys: Keys
) -> None:
    link = path_of(service.link_for(parts, reader, finished.run))
    finding, client = finished.findings[0], anonymous(web)

    answer = client.post(f"{link}/findings/{finding.id}", data={"present": "false"})

    assert answer.status_code == 303
    assert "Your answer is saved" in client.get(answer.headers["location"], headers=HTML).text
    kept = said(parts, reader, finding.id)
    assert [(one.decision.value, one.source) for one in kept] == [
        ("override_fp", DecisionSource.LINK)
    ]
    assert kept[0].reader_pseudonym == service.pseudonym_of(keys, reader.id)


def test_it_works_in_a_browser_that_is_signed_in_too(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor
) -> None:
    link, client = path_of(service.link_for(parts, reader, finished.run)), browser(web, reader)
    page = client.get(link)
    assert 'name="csrf_token"' in page.text

    answer = client.post(f"{link}/findings/{finished.findings[1].id}", data={"present": "false"})

    assert answer.status_code == 303


def test_a_link_opens_no_other_study(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor
) -> None:
    with parts.database.write() as session:
        other = create_run(
            session,
            parts.objects,  # type: ignore[arg-type]
            create_site(session, "RYY01").id,
        )
    link = path_of(service.link_for(parts, reader, finished.run))

    answer = anonymous(web).post(
        f"{link}/findings/{other.findings[0].id}", data={"present": "true"}
    )

    assert answer.status_code == 404


def test_an_altered_or_old_link_opens_nothing(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor, clock: Any
) -> None:
    link = path_of(service.link_for(parts, reader, finished.run))
    client = anonymous(web)

    assert client.get(link[:-2] + "xx", headers=HTML).status_code == 403
    clock.advance(31 * 24 * 3600)
    assert client.get(link, headers=HTML).status_code == 403
    path = f"{link}/findings/{finished.findings[0].id}"
    assert client.post(path, data={"present": "true"}).status_code == 403


def test_a_link_shows_the_result_that_superseded_its_own(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor
) -> None:
    link = path_of(service.link_for(parts, reader, finished.run))
    with parts.database.write() as session:
        again = create_run(
            session,
            parts.objects,  # type: ignore[arg-type]
            finished.run.site_id,
            supersedes=finished,
            scores=(0.1, 0.9),
        )

    page = anonymous(web).get(link, headers=HTML).text

    assert again.findings[0].id in page
    assert finished.findings[0].id not in page


def test_not_analysed_is_said_on_the_page(parts: Parts, web: FastAPI) -> None:
    with parts.database.write() as session:
        site = create_site(session)
        run = create_run(
            session,
            parts.objects,  # type: ignore[arg-type]
            site.id,
            outcome=Outcome.SKIPPED,
            mode=RunMode.LIVE,
        ).run
        reader = create_person(session, "RXX", Role.READER)

    page = anonymous(web).get(path_of(service.link_for(parts, reader, run)), headers=HTML).text

    assert "This study was not analysed" in page
    assert "patient_age unknown" in page
    assert "<form" not in page


def test_a_ris_asks_for_a_link_for_its_reader(
    parts: Parts, web: FastAPI, finished: Finished, reader: Actor, keys: Keys
) -> None:
    client = browser(web, reader)

    url = client.get(
        f"/api/v1/runs/{finished.run.id}/reading-link", params={"reader": "jbloggs"}
    ).json()["url"]

    link = service.open_link(keys, url.rpartition("/")[2], parts.database.clock())
    assert link.reader_pseudonym == service.pseudonym_of(keys, "jbloggs")
    assert "jbloggs" not in url
