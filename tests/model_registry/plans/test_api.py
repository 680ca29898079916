"""Plans over HTTP, as pages and on the command line."""

import pytest
from factories.plans import hand_in, planned
from factories.safety import Cast, create_cast, sign_case
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI

from model_registry.plans import pages
from model_registry.plans.api import router
from model_registry.versions.models import ModelVersion
from vigil.kernel.parts import Parts

SECOND = planned("1.1.0", ("1.0.0", "retrain"), weights=1.01)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, router)


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        return create_cast(session)


@pytest.fixture
def versions(parts: Parts, cast: Cast) -> tuple[ModelVersion, ModelVersion]:
    """A version with a plan that is not signed yet, and one that claims a step of it."""
    with parts.database.write() as session:
        first = hand_in(session, parts.objects, cast, planned("1.0.0"))
        return first, hand_in(session, parts.objects, cast, SECOND)


def test_a_stranger_is_told_to_sign_in(
    app: FastAPI, versions: tuple[ModelVersion, ModelVersion]
) -> None:
    assert anonymous(app).get(f"/api/v1/versions/{versions[0].id}/plan").status_code == 401


def test_a_plan_and_a_claim_are_shown(
    app: FastAPI, cast: Cast, versions: tuple[ModelVersion, ModelVersion]
) -> None:
    first, second = versions
    reader = browser(app, cast.site_officer)

    plan = reader.get(f"/api/v1/versions/{first.id}/plan").json()
    claim = reader.get(f"/api/v1/versions/{second.id}/plan").json()["claim"]

    assert plan["plan"]["steps"][0]["key"] == "retrain"
    assert plan["claim"] is None
    assert (claim["inside"], claim["claim"]) == (False, "step retrain after 1.0.0")
    assert claim["reasons"] == [
        "1.0.0 has no signed safety case: a plan takes effect with its signature"
    ]


def test_it_is_held_against_the_plan_again_by_its_supplier_and_not_by_a_hospital(
    app: FastAPI, parts: Parts, cast: Cast, versions: tuple[ModelVersion, ModelVersion]
) -> None:
    first, second = versions
    with parts.database.write() as session:
        sign_case(session, parts.objects, cast, first)
    path = f"/api/v1/versions/{second.id}/plan/assessments"
    body = {"reason": "1.0.0 is signed now"}

    assert browser(app, cast.site_officer).post(path, json=body).status_code == 403
    answer = browser(app, cast.submitter).post(path, json=body)

    assert answer.status_code == 201
    claim = answer.json()["claim"]
    assert claim["inside"]
    assert claim["why"].startswith("covered by the predetermined change plan of 1.0.0")
    assert claim["safety_case_id"]
    assert [one["met"] for one in claim["assessment"]["criteria"]] == [True, True, True, None]


def test_a_version_without_a_plan_answers_404(app: FastAPI, parts: Parts, cast: Cast) -> None:
    bare = planned("2.0.0", edit=lambda papers: setattr(papers, "plan", None))
    with parts.database.write() as session:
        version = hand_in(session, parts.objects, cast, bare)

    answer = browser(app, cast.manager).get(f"/api/v1/versions/{version.id}/plan")

    assert (answer.status_code, answer.json()["title"]) == (404, "No change plan")


def test_the_page_says_the_same_and_why(
    parts: Parts, cast: Cast, versions: tuple[ModelVersion, ModelVersion]
) -> None:
    first, second = versions
    app = create_web(parts, pages.router, domains={"plans": "model_registry.plans"})
    html = {"Accept": "text/html"}
    plan = browser(app, cast.manager).get(f"/versions/{first.id}/plan", headers=html).text
    assert "What it announces: Yearly retraining" in plan
    assert "Its own claim" not in plan

    with parts.database.write() as session:
        sign_case(session, parts.objects, cast, first)
    path = f"/versions/{second.id}/plan"
    outside = browser(app, cast.site_officer).get(path, headers=html).text
    assert "Outside: full review" in outside
    assert "Hold it against its plan again" not in outside

    supplier = browser(app, cast.submitter)
    form = {"reason": "1.0.0 is signed now"}
    done = supplier.post(f"{path}/assessments", data=form, headers=html, follow_redirects=False)
    assert done.status_code == 303
    inside = supplier.get(path, headers=html).text
    assert "Inside the plan: shorter review" in inside
    assert "What falls away" in inside
    assert "At each site" in inside
