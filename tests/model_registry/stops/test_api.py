import json
from datetime import timedelta
from typing import Any

import pytest
from factories.deployments import GATES
from factories.safety import Cast, create_cast, create_version
from factories.web import browser, create_web
from fastapi import FastAPI
from typer.testing import CliRunner

from model_registry.stops import cli
from model_registry.stops.api import router
from vigil.kernel.console import TOKEN, root
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity import service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts

PATH = "/api/v1/stops"
WHY = {"reason": "odd results"}


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    app = create_web(parts, router)
    app.state.gates = GATES
    return app


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
    return cast


def test_a_stop_is_ordered_read_and_lifted_by_two(app: FastAPI, cast: Cast) -> None:
    manager, officer = browser(app, cast.manager), browser(app, cast.network_officer)
    body = {"scope": "model", "target": "ACME/linear-three", **WHY}

    ordered = manager.post(PATH, json=body)
    assert (ordered.status_code, ordered.json()["target"]) == (201, "linear-three")
    path = ordered.headers["Location"]
    again = manager.post(PATH, json=body)
    assert (again.status_code, again.json()["title"]) == (409, "It is stopped already")
    assert officer.get(path).json()["missing"] == []

    assert officer.post(f"{path}/lift", json=WHY).status_code == 409
    assert manager.post(f"{path}/lift-request", json=WHY).status_code == 200
    assert manager.post(f"{path}/lift", json=WHY).status_code == 403
    assert officer.post(f"{path}/keep", json=WHY).json()["lift_requested_by"] is None
    manager.post(f"{path}/lift-request", json=WHY)
    assert officer.post(f"{path}/lift", json=WHY).json()["lifted_by"] == cast.network_officer.id
    assert officer.get(PATH, params={"in_force": True}).json()["items"] == []


def test_a_list_goes_on_where_it_was_cut_and_is_filtered(app: FastAPI, cast: Cast) -> None:
    manager = browser(app, cast.manager)
    for scope, target in (("site", "RXX01"), ("supplier", "ACME")):
        manager.post(PATH, json={"scope": scope, "target": target, **WHY})
    first = manager.get(PATH, params={"limit": 1}).json()
    second = manager.get(PATH, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert {first["items"][0]["scope"], second["items"][0]["scope"]} == {"site", "supplier"}
    assert second["next_cursor"] is None
    [found] = manager.get(PATH, params={"scope": "site"}).json()["items"]
    assert found["target"] == "Site RXX01"


def test_what_is_not_there_is_not_found(app: FastAPI, cast: Cast) -> None:
    manager = browser(app, cast.manager)
    for scope in ("site", "model", "supplier"):
        answer = manager.post(PATH, json={"scope": scope, "target": "NONE", **WHY})
        assert answer.status_code == 404
    assert manager.get(f"{PATH}/stp_none").status_code == 404


def test_a_stop_is_ordered_and_lifted_at_the_command_line(parts: Parts, cast: Cast) -> None:
    app = root(lambda: parts, {"gates": GATES})
    app.add_typer(cli.app, name="stop")

    def run(actor: Actor, *words: str, exit_code: int = 0) -> Any:
        with parts.database.write() as session:
            user = identity.user(session, actor.id)
            assert user is not None
            _, key = service.issue_token(
                session,
                actor,
                email=user.email,
                name="test",
                scopes=list(Permission),
                life=timedelta(days=1),
            )
        result = CliRunner().invoke(app, ["--json", *words], env={TOKEN: key})
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout) if result.stdout else None

    why = ("--reason", "odd results")
    [stop] = run(cast.manager, "stop", "order", "site", "RXX01", *why)
    assert [row["id"] for row in run(cast.site_officer, "stop", "list")] == [stop["id"]]
    run(cast.manager, "stop", "order", "site", "NONE", *why, exit_code=4)
    [asked] = run(cast.manager, "stop", "lift", stop["id"], *why)
    assert asked["lifted_at"] is None
    run(cast.manager, "stop", "lift", stop["id"], *why, exit_code=6)
    run(cast.site_officer, "stop", "keep", stop["id"], *why)
    run(cast.site_officer, "stop", "lift", stop["id"], *why)
    [lifted] = run(cast.manager, "stop", "lift", stop["id"], *why)
    assert lifted["lifted_at"] is not None
    assert run(cast.manager, "stop", "list") == []
    assert len(run(cast.manager, "stop", "list", "--lifted")) == 1
