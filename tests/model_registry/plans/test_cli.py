"""`vigil model plan`, `vigil safety accept --accepts-plan` and `vigil deployment gates`."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from factories.deployments import GATES, deploy
from factories.plans import hand_in, planned
from factories.safety import Cast, create_cast, sign_case
from typer.testing import CliRunner, Result

from model_registry.deployments import cli as deployments
from model_registry.plans import cli as plans
from model_registry.safety import cli as safety
from model_registry.versions import cli as versions
from model_registry.versions import service as registry
from vigil.kernel.console import CHECK_FAILED, TOKEN, root
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity import service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts

SECOND = planned("1.1.0", ("1.0.0", "retrain"), weights=1.01)


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        cast = create_cast(session)
        hand_in(session, parts.objects, cast, planned("1.0.0"))
        hand_in(session, parts.objects, cast, SECOND)
    return cast


def _run(parts: Parts, actor: Actor, *words: str) -> Result:
    app = root(lambda: parts, {"gates": GATES})
    model = typer.Typer()
    model.registered_commands = [
        *versions.app.registered_commands,
        *plans.app.registered_commands,
    ]
    app.add_typer(model, name="model")
    app.add_typer(safety.app, name="safety")
    app.add_typer(deployments.app, name="deployment")
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
    return CliRunner().invoke(app, ["--json", *words], env={TOKEN: key})


def _rows(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_plan_is_shown_and_a_claim_held_against_it_again(parts: Parts, cast: Cast) -> None:
    announced = _run(parts, cast.manager, "model", "plan", "linear-three@1.0.0")
    assert [row["step"] for row in _rows(announced)] == ["retrain", "sharpen"]
    assert "Announces retrain: Retraining on more images" in announced.stderr

    outside = _run(parts, cast.manager, "model", "plan", "linear-three@1.1.0")
    assert outside.exit_code == CHECK_FAILED
    assert _rows(outside)[0]["verdict"] == "outside"

    with parts.database.write() as session:
        first = registry.version_named(session, cast.manager, "linear-three@1.0.0")
        sign_case(session, parts.objects, cast, first)
    words = ("model", "plan", "linear-three@1.1.0", "--assess", "--reason", "signed now")
    inside = _run(parts, cast.manager, *words)
    assert inside.exit_code == 0
    assert [row["verdict"] for row in _rows(inside)] == ["met", "met", "met", "at each site"]
    assert "covered by the predetermined change plan of 1.0.0" in inside.stderr


def test_a_site_accepts_the_plan_and_the_gates_say_so(
    parts: Parts, cast: Cast, tmp_path: Path
) -> None:
    document = tmp_path / "acceptance.txt"
    document.write_text("We accept it, and the retraining that its plan announces.")
    with parts.database.write() as session:
        first, second = (
            registry.version_named(session, cast.manager, f"linear-three@{label}")
            for label in ("1.0.0", "1.1.0")
        )
        sign_case(session, parts.objects, cast, first)
        at = deploy(session, cast, second)
    words = ["safety", "accept", "linear-three@1.0.0", str(document), "--site", "RXX01"]
    words += ["--kind", "dcb0160", "--accepts-plan", "--reason", "agreed"]
    assert _run(parts, cast.site_officer, *words).exit_code == 0
    again = ("model", "plan", "linear-three@1.1.0", "--assess", "--reason", "signed now")
    assert _run(parts, cast.manager, *again).exit_code == 0

    found = _run(parts, cast.manager, "deployment", "gates", at.id)

    assert found.exit_code == CHECK_FAILED
    rows = {row["gate"]: row for row in _rows(found)}
    assert [name for name, row in rows.items() if not row["met"]] == ["local_test", "people"]
    assert rows["dcb0160"]["why"].startswith("the site accepted the plan")
