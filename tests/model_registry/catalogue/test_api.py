"""The catalogue over HTTP: the JSON twins of the pages."""

from collections.abc import Iterator

import pytest
from conftest import FakeClock
from factories.deployments import go_live
from factories.safety import Cast, create_cast, create_version
from factories.web import browser, create_web
from fastapi.testclient import TestClient

from model_registry.catalogue import api
from model_registry.deployments.models import Deployment
from vigil.kernel.parts import Parts


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        return create_cast(session)


@pytest.fixture
def live(parts: Parts, cast: Cast) -> Deployment:
    with parts.database.write() as session:
        return go_live(session, parts.objects, cast)


@pytest.fixture
def client(parts: Parts, cast: Cast) -> Iterator[TestClient]:
    with browser(create_web(parts, api.router), cast.manager) as made:
        made.headers.update({"Accept": "application/json"})
        yield made


def test_a_model_is_listed_with_how_it_stands(client: TestClient, live: Deployment) -> None:
    (line,) = client.get("/api/v1/models?supplier=ACME&status=approved").json()["items"]
    assert (line["id"], line["newest_version"], line["live_sites"]) == (live.model_id, "1.0.0", 1)
    assert client.get("/api/v1/models?status=withdrawn").json()["items"] == []
    assert client.get("/api/v1/models?status=nonsense").status_code == 422


def test_what_was_live_where_at_an_instant(
    client: TestClient, live: Deployment, clock: FakeClock
) -> None:
    path = f"/api/v1/models/{live.model_id}/standing"
    (place,) = client.get(f"{path}?site=RXX01").json()["places"]
    assert (place["mode"], place["version_id"]) == ("live", live.version_id)
    assert place["by_label"].endswith("(cso)")
    assert client.get(f"{path}?at=2020-01-01T00:00:00Z").json()["places"] == []
    assert client.get(f"{path}?at=2020-01-01T00:00:00").status_code == 422
    assert client.get(f"{path}?site=NONE").status_code == 404


def test_history_comes_in_pieces(
    client: TestClient, live: Deployment, parts: Parts, cast: Cast
) -> None:
    path = f"/api/v1/models/{live.model_id}/history"
    whole = client.get(path).json()["items"]
    pieces, cursor = [], ""
    while True:
        piece = client.get(f"{path}?limit=1{cursor}").json()
        pieces += piece["items"]
        if piece["next_cursor"] is None:
            break
        cursor = f"&cursor={piece['next_cursor']}"
    assert pieces == whole
    assert {one["what"] for one in whole} == {"shadow", "live"}


def test_a_cursor_of_another_list_is_refused(client: TestClient, live: Deployment) -> None:
    path = f"/api/v1/models/{live.model_id}/history"
    assert client.get(f"{path}?cursor=InZlcl94Ig").status_code == 422


def test_a_model_without_a_version_is_not_shown_to_nobody(
    client: TestClient, parts: Parts, cast: Cast
) -> None:
    with parts.database.write() as session:
        version = create_version(session, cast, name="second-model")
    assert client.get(f"/api/v1/models/{version.model_id}").json()["name"] == "second-model"
    assert client.get("/api/v1/models/mdl_none/history").status_code == 404
