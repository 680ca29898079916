"""What the pages of runs say."""

from typing import Any

import pytest
from factories.identity import create_person, create_site
from factories.runs import Finished, create_run
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from inference.runs import pages
from inference.runs.models import Outcome, Run
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts


@pytest.fixture
def finished(parts: Parts) -> Finished:
    with parts.database.write() as session:
        site = create_site(session)
        return create_run(session, parts.objects, site.id)  # type: ignore[arg-type]


def person(parts: Parts, role: Role, organisation: str = "RXX") -> Actor:
    with parts.database.write() as session:
        return create_person(session, organisation, role)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, pages.router, domains={"runs": "inference.runs"})


@pytest.fixture
def reader(parts: Parts, app: FastAPI, finished: Finished) -> TestClient:
    return browser(app, person(parts, Role.READER))


def change(parts: Parts, run: Run, **values: Any) -> None:
    with parts.database.write() as session:
        kept = session.get_one(Run, run.id)
        for name, value in values.items():
            setattr(kept, name, value)
        session.add(kept)


def text(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_run_says_what_it_found_and_what_it_is_pinned_to(
    reader: TestClient, finished: Finished
) -> None:
    page = text(reader, f"/runs/{finished.run.id}")

    assert "The model gave a result." in page
    assert "Pneumonia" in page
    assert "0.8100" in page
    assert "Not flagged" in page
    assert "1 image, by its digest" in page
    assert finished.run.version_digest in page
    assert finished.run.preprocessing_digest in page
    assert f"vigil run replay {finished.run.id}" in page
    assert "No result was sent yet." in page
    assert "No earlier run" in page
    assert "No model process was needed." in page


def test_a_reader_is_led_to_agree_or_overrule_and_others_are_not(
    parts: Parts, app: FastAPI, reader: TestClient, finished: Finished
) -> None:
    path = f"/runs/{finished.run.id}"

    assert "Agree or overrule" in text(reader, path)
    assert "Agree or overrule" not in text(browser(app, person(parts, Role.CSO)), path)


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.FAILED, Outcome.NO_RESULT])
def test_not_analysed_is_told_with_its_reason(
    parts: Parts, reader: TestClient, finished: Finished, outcome: Outcome
) -> None:
    change(parts, finished.run, outcome=outcome, reason="patient_age unknown")

    page = text(reader, f"/runs/{finished.run.id}")

    assert "patient_age unknown" in page
    assert outcome.value.replace("_", " ").capitalize() in page
    assert "The model gave a result." not in page
    assert "Agree or overrule" not in page


def test_what_a_reason_says_is_text_and_never_markup(
    parts: Parts, reader: TestClient, finished: Finished
) -> None:
    hostile = "body_part = <script>alert(1)</script>"
    change(parts, finished.run, outcome=Outcome.SKIPPED, reason=hostile)

    for path in ("/runs", f"/runs/{finished.run.id}"):
        page = text(reader, path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_run_that_has_not_ended_says_so(
    parts: Parts, reader: TestClient, finished: Finished
) -> None:
    change(parts, finished.run, state="running", outcome=None)

    page = text(reader, f"/runs/{finished.run.id}")

    assert "It has not ended." in page
    assert "Running" in page


def test_a_superseding_run_leads_to_the_one_before(
    parts: Parts, reader: TestClient, finished: Finished
) -> None:
    with parts.database.write() as session:
        later = create_run(
            session,
            parts.objects,  # type: ignore[arg-type]
            finished.run.site_id,
            supersedes=finished,
        )

    assert f'href="/runs/{finished.run.id}"' in text(reader, f"/runs/{later.run.id}")


def test_the_list_leads_to_each_run_and_narrows_by_outcome(
    parts: Parts, reader: TestClient, finished: Finished
) -> None:
    link = f'href="/runs/{finished.run.id}"'

    assert link in text(reader, "/runs")
    assert link in text(reader, "/runs?outcome=SUCCEEDED")
    narrowed = text(reader, "/runs?outcome=FAILED")
    assert link not in narrowed
    assert "Only runs that ended as failed" in narrowed
    assert "There is no such run yet." in narrowed


def test_a_long_list_goes_on(
    parts: Parts, reader: TestClient, finished: Finished, clock: Any
) -> None:
    clock.advance(1)
    with parts.database.write() as session:
        create_run(
            session,
            parts.objects,  # type: ignore[arg-type]
            finished.run.site_id,
            supersedes=finished,
        )

    page = text(reader, "/runs?limit=1")

    assert "/runs?limit=1&amp;cursor=" in page
    assert f'href="/runs/{finished.run.id}"' not in page


def test_no_page_of_runs_names_the_patient_or_study_in_dicoms_terms(
    reader: TestClient, finished: Finished
) -> None:
    for path in ("/runs", f"/runs/{finished.run.id}"):
        page = text(reader, path)
        assert finished.study.study_instance_uid not in page
        assert finished.study.patient_pseudonym not in page


def test_another_site_sees_nothing(parts: Parts, app: FastAPI, finished: Finished) -> None:
    with parts.database.write() as session:
        create_site(session, "RYY01")
    stranger = browser(app, person(parts, Role.READER, "RYY"))

    assert finished.run.id not in text(stranger, "/runs")
    assert stranger.get(f"/runs/{finished.run.id}").status_code == 404


def test_a_stranger_is_led_to_sign_in(app: FastAPI, finished: Finished) -> None:
    answer = anonymous(app).get(f"/runs/{finished.run.id}", headers={"Accept": "text/html"})

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?next=/runs/")
