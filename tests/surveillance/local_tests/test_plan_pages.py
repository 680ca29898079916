"""Planning a test on pages: nothing is kept before the last button, and nothing is typed twice."""

import html
import re

import pytest
from factories.identity import create_person, create_site
from factories.local_tests import Clinic, make_plan
from factories.web import browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from model_registry.packages.manifest import Manifest
from model_registry.versions.models import ModelVersion, VersionStatus
from surveillance.local_tests import pages, plan_pages
from surveillance.local_tests.models import LocalTest
from vigil.kernel.identity.roles import Role

NEW, LIST = "/acceptance-tests/new", "/acceptance-tests"


@pytest.fixture
def app(clinic: Clinic) -> FastAPI:
    return create_web(
        clinic.parts,
        plan_pages.router,
        pages.router,
        domains={"local_tests": "surveillance.local_tests"},
    )


@pytest.fixture
def client(app: FastAPI, clinic: Clinic) -> TestClient:
    return browser(app, clinic.officer)


def form(clinic: Clinic, **changes: str) -> dict[str, str]:
    # What a browser sends: a box that is not ticked is not there.
    findings = Manifest.model_validate(clinic.ward.version.manifest).findings
    typed = (
        make_plan(findings) | {"version_id": clinic.version_id, "site_id": clinic.site_id} | changes
    )
    return {name: text for name, text in typed.items() if text or not name.startswith("axis")}


def hidden(page: str) -> dict[str, str]:
    """What the last form of a page would send."""
    last = page[page.rindex('action="/acceptance-tests"') :]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', last)
    return {name: html.unescape(value) for name, value in found}


def kept(clinic: Clinic) -> list[LocalTest]:
    with clinic.parts.database.read() as session:
        return list(session.exec(select(LocalTest)).all())


def test_from_a_choice_to_a_fixed_rule(client: TestClient, clinic: Clinic) -> None:
    assert 'href="/acceptance-tests/new"' in client.get(LIST).text
    choice = client.get(NEW).text
    assert f'value="{clinic.version_id}"' in choice
    assert f'value="{clinic.site_id}"' in choice
    where = {"version_id": clinic.version_id, "site_id": clinic.site_id}
    rule = client.get(NEW, params=where).text
    assert "Left empty: the supplier" in rule

    check = client.post(NEW, data=form(clinic))
    assert check.status_code == 200, check.text
    for words in ("Estimate at least 0.8", "no labels for it here", "What it needs"):
        assert words in check.text
    assert kept(clinic) == []
    silent = client.post(LIST, data=hidden(check.text))
    assert (silent.status_code, 'id="check-reason-error"' in silent.text) == (422, True)
    made = client.post(LIST, data=hidden(silent.text) | {"reason": "before go-live"})
    [test] = kept(clinic)
    assert (made.status_code, made.headers["Location"]) == (303, f"{LIST}/{test.id}")
    assert (test.title, test.thresholds) == ("Winter", {"pneumonia": 0.4})
    assert test.rule["subgroups"][0]["axes"] == ["sex", "age_band", "manufacturer"]
    assert "The rule is fixed" in client.get(f"{LIST}/{test.id}").text


def test_a_mistake_loses_nothing_that_was_typed(client: TestClient, clinic: Clinic) -> None:
    wrong = form(clinic, **{"pneumonia-sensitivity": "80 <percent>", "title": "A & B"})
    page = client.post(NEW, data=wrong)
    assert page.status_code == 422
    for words in (
        'href="#plan-pneumonia-sensitivity"', 'id="plan-pneumonia-sensitivity-error"',
        'value="80 &lt;percent&gt;"', 'value="A &amp; B"', 'value="no labels for it here"',
        '<option value="no" selected>', 'value="0.4"',
    ):  # fmt: skip
        assert words in page.text
    ticked = re.findall(r'name="axis-(\w+)" type="checkbox" value="yes" checked', page.text)
    assert ticked == ["sex", "age_band", "manufacturer"]


def test_what_does_not_fit_the_model_is_told_at_its_field(
    client: TestClient, clinic: Clinic
) -> None:
    page = client.post(NEW, data=form(clinic, **{"pneumonia-threshold": "7"}))
    assert page.status_code == 422
    assert 'id="plan-pneumonia-threshold-error"' in page.text


def test_answers_are_changed_on_the_form(client: TestClient, clinic: Clinic) -> None:
    page = client.post(NEW, data=form(clinic, step="change"))
    assert page.status_code == 200
    assert 'value="Winter"' in page.text
    assert "There is a problem" not in page.text


def test_a_choice_that_is_missing_is_asked_for(client: TestClient, clinic: Clinic) -> None:
    page = client.get(NEW, params={"version_id": clinic.version_id, "chosen": "yes"})
    assert page.status_code == 422
    assert 'href="#choice-site_id"' in page.text
    assert f'<option value="{clinic.version_id}" selected>' in page.text


def test_only_what_may_be_tested_and_where_one_may(app: FastAPI, clinic: Clinic) -> None:
    with clinic.parts.database.write() as session:
        far = create_site(session, "RYY01")
        reader = create_person(session, "RXX", Role.READER)
    officer = browser(app, clinic.officer)
    assert far.name not in officer.get(NEW).text
    there = {"version_id": clinic.version_id, "site_id": far.id}
    assert officer.get(NEW, params=there).status_code == 404
    assert officer.post(LIST, data=form(clinic, site_id=far.id)).status_code == 404
    assert far.name in browser(app, clinic.manager).get(NEW).text
    assert browser(app, reader).get(NEW).status_code == 403
    with clinic.parts.database.write() as session:
        version = session.get_one(ModelVersion, clinic.version_id)
        version.status = VersionStatus.REFUSED
        session.add(version)
    assert "No version has passed its checks yet" in officer.get(NEW).text
    here = {"version_id": clinic.version_id, "site_id": clinic.site_id}
    assert officer.get(NEW, params=here).status_code == 409
