"""The schemas over HTTP: for anybody."""

from fastapi.testclient import TestClient

from model_registry.packages import schemas
from vigil.app.web import create_app
from vigil.kernel.parts import Parts


def test_anybody_reads_the_schemas(parts: Parts) -> None:
    client = TestClient(create_app(parts))
    listed = client.get("/api/v1/schemas").json()
    assert [one["name"] for one in listed] == list(schemas.NAMES)
    for one in listed:
        assert client.get(one["url"]).json() == schemas.schema(one["name"])
    assert client.get("/api/v1/schemas/weights").status_code == 404
