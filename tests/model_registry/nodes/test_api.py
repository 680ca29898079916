from factories.identity import create_person, create_site
from factories.web import browser, create_web

from model_registry.nodes.api import router
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts


def test_a_node_is_added_listed_and_retired(parts: Parts) -> None:
    app = create_web(parts, router)
    with parts.database.write() as session:
        create_site(session)
        manager = create_person(session, "RXX", Role.NETWORK_MANAGER)
        reader = create_person(session, "RXX", Role.READER)
    client = browser(app, manager)
    body = {
        "site": "RXX01",
        "ae_title": "CT1",
        "host": "ct1.example",
        "port": 104,
        "is_source": True,
        "reason": "new scanner",
    }
    added = client.post("/api/v1/nodes", json=body)
    assert added.status_code == 201
    assert client.post("/api/v1/nodes", json=body).status_code == 409
    assert client.get(added.headers["Location"]).json()["ae_title"] == "CT1"
    assert [node["id"] for node in client.get("/api/v1/nodes").json()["items"]] == [
        added.json()["id"]
    ]
    retired = client.post(f"{added.headers['Location']}/retire", json={"reason": "sold"})
    assert retired.json()["active"] is False
    assert browser(app, reader).post("/api/v1/nodes", json=body).status_code == 403
