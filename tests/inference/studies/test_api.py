from factories.identity import create_person, create_site
from factories.studies import create_study
from factories.web import anonymous, browser, create_web
from starlette.testclient import TestClient

from inference.studies import api
from inference.studies.models import Study
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts


def prepared(parts: Parts, count: int = 3, by: str = "RXX") -> tuple[TestClient, list[Study]]:
    with parts.database.write() as session:
        site = create_site(session)
        other = create_site(session, "RYY01")
        studies = [create_study(session, site.id, instances=n + 1) for n in range(count)]
        create_study(session, other.id)
        reader = create_person(session, by, Role.READER)
    return browser(create_web(parts, api.router), reader), studies


def test_studies_of_the_readers_sites_are_listed_newest_first(parts: Parts) -> None:
    client, studies = prepared(parts)

    listed = client.get("/api/v1/studies").json()

    ids = [item["id"] for item in listed["items"]]
    assert ids == sorted((study.id for study in studies), reverse=True)
    assert {item["id"]: item["instances"] for item in listed["items"]} == {
        study.id: number + 1 for number, study in enumerate(studies)
    }


def test_a_list_names_no_study_in_dicoms_terms(parts: Parts) -> None:
    client, studies = prepared(parts)

    text = client.get("/api/v1/studies").text

    for study in studies:
        assert study.study_instance_uid not in text
        assert study.patient_pseudonym not in text


def test_a_list_goes_on_where_its_cursor_says(parts: Parts) -> None:
    client, studies = prepared(parts)

    first = client.get("/api/v1/studies", params={"limit": 2}).json()
    rest = client.get("/api/v1/studies", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert len(first["items"]) == 2
    assert {item["id"] for item in first["items"] + rest["items"]} == {s.id for s in studies}
    assert rest["next_cursor"] is None


def test_a_list_is_narrowed_by_state(parts: Parts) -> None:
    client, _ = prepared(parts)

    assert client.get("/api/v1/studies", params={"state": "closed"}).json()["items"] == []
    assert client.get("/api/v1/studies", params={"state": "odd"}).status_code == 422


def test_one_study_is_shown_with_its_instances(parts: Parts) -> None:
    client, studies = prepared(parts)

    shown = client.get(f"/api/v1/studies/{studies[1].id}").json()

    assert shown["study_instance_uid"] == studies[1].study_instance_uid
    assert [item["attributes"]["body_part"] for item in shown["items"]] == ["CHEST", "CHEST"]
    assert "sop_instance_uid" not in shown["items"][0]


def test_a_study_of_another_site_is_not_found(parts: Parts) -> None:
    client, studies = prepared(parts, by="RYY")

    assert client.get(f"/api/v1/studies/{studies[0].id}").status_code == 404
    [own] = client.get("/api/v1/studies").json()["items"]
    assert own["id"] not in [study.id for study in studies]


def test_nobody_reads_without_signing_in(parts: Parts) -> None:
    assert anonymous(create_web(parts, api.router)).get("/api/v1/studies").status_code == 401
