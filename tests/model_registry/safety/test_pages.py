"""The pages of sign-offs: lists, one document, and signing it with the password."""

import pytest
from factories.deployments import GATES, go_live
from factories.identity import PASSWORD, SETUP
from factories.safety import Cast, create_acceptance, create_case, create_cast, create_version
from factories.web import browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model_registry.safety import repository, staleness
from model_registry.safety.models import SignOffStatus
from model_registry.safety.pages import router
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts

HTML = {"Accept": "text/html"}
SIGNATURE = {"reason": "I read the hazard log.", "password": PASSWORD}


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    app = create_web(parts, router, domains={"safety": "model_registry.safety"})
    app.state.gates = GATES
    return app


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        return create_cast(session)


def _page(app: FastAPI, actor: Actor, path: str) -> str:
    answer = browser(app, actor).get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def _sign(client: TestClient, path: str, **changes: str) -> tuple[int, str]:
    form = SIGNATURE | changes
    answer = client.post(path, data=form, headers=HTML, follow_redirects=False)
    return answer.status_code, answer.text


def test_what_serves_patients_on_stale_signatures_stands_first(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    with parts.database.write() as session:
        go_live(session, parts.objects, cast)
    assert "None: all that serves patients" in _page(app, cast.site_officer, "/safety")
    with parts.database.write() as session:
        staleness.runtime_changed(session, SETUP, "onnxruntime is 2 now")

    page = _page(app, cast.site_officer, "/safety?shows=acceptances&status=stale")

    assert "stale: onnxruntime is 2 now" in page
    # Of each of the two documents: in what lacks a signature, and in the list.
    assert page.count("onnxruntime is 2 now") == 4
    assert "None: all that serves patients" not in page


def test_the_lists_name_model_site_status_and_signer(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    with parts.database.write() as session:
        go_live(session, parts.objects, cast)

    cases = _page(app, cast.manager, "/safety")
    accepted = _page(app, cast.manager, "/safety?shows=acceptances&site=RXX01&status=signed")

    assert "Clinical safety case report" in cases
    assert "linear-three 1.0.0" in cases
    assert "Site RXX01" in accepted
    assert "No safety case matches" in _page(app, cast.manager, "/safety?status=draft")
    assert "No acceptance matches" in _page(app, cast.submitter, "/safety?shows=acceptances")


def test_a_case_is_signed_with_reason_and_password(app: FastAPI, parts: Parts, cast: Cast) -> None:
    with parts.database.write() as session:
        case = create_case(session, parts.objects, cast, create_version(session, cast))
    path = f"/safety/cases/{case.id}"
    officer = browser(app, cast.supplier_officer)
    assert "Your password" in _page(app, cast.supplier_officer, path)
    assert "Your password" not in _page(app, cast.manager, path)

    status, page = _sign(officer, f"{path}/sign", password="guessed", reason=" ")  # noqa: S106 - a wrong one
    assert status == 422
    assert "Say what you looked at" in page
    assert "Type the one you sign in with" in page

    assert _sign(officer, f"{path}/sign")[0] == 303
    with parts.database.read() as session:
        found = repository.case(session, cast.manager, case.id)
        assert found is not None
        assert (found.status, found.signed_by) == (SignOffStatus.SIGNED, cast.supplier_officer.id)
    assert "Your password" not in _page(app, cast.supplier_officer, path)


def test_an_acceptance_is_signed_by_the_sites_officer_alone(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    with parts.database.write() as session:
        version = create_version(session, cast)
        found = create_acceptance(session, parts.objects, cast, version)
    path = f"/safety/acceptances/{found.id}"
    assert "Not accepted: every new version is judged anew" in _page(app, cast.site_officer, path)

    assert _sign(browser(app, cast.manager), f"{path}/sign")[0] == 403
    assert _sign(browser(app, cast.supplier_officer), f"{path}/sign")[0] == 404
    assert _sign(browser(app, cast.site_officer), f"{path}/sign")[0] == 303

    page = _page(app, cast.site_officer, path)
    assert "Signed" in page
    assert "/api/v1/acceptances/" in page


def test_a_stale_document_says_why_and_since_when(app: FastAPI, parts: Parts, cast: Cast) -> None:
    with parts.database.write() as session:
        go_live(session, parts.objects, cast)
        staleness.runtime_changed(session, SETUP, "onnxruntime is 2 now")
        (first, *_) = repository.acceptances(session, cast.site_officer)

    page = _page(app, cast.site_officer, f"/safety/acceptances/{first.id}")

    assert "Why it does not count any more" in page
    assert "onnxruntime is 2 now" in page
