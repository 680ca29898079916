import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from factories.deployments import GATES
from factories.safety import Cast, create_cast, create_version
from typer.testing import CliRunner

from model_registry.deployments import cli as deployments
from model_registry.nodes import cli as nodes
from model_registry.safety import cli as safety
from vigil.kernel.console import TOKEN, root
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity import service
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts


class Terminal:
    """The command line, at which now one person sits and then the next."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.app: typer.Typer = root(lambda: parts, {"gates": GATES})
        self.app.add_typer(deployments.app, name="deployment")
        self.app.add_typer(safety.app, name="safety")
        self.app.add_typer(nodes.app, name="node")

    def run(self, actor: Actor, *words: str, exit_code: int = 0) -> Any:
        with self.parts.database.write() as session:
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
        result = CliRunner().invoke(self.app, ["--json", *words], env={TOKEN: key})
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout) if result.stdout else None


@pytest.fixture
def terminal(parts: Parts) -> Terminal:
    return Terminal(parts)


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
    return cast


def test_a_version_comes_live_and_is_suspended_at_the_command_line(
    terminal: Terminal, cast: Cast, tmp_path: Path
) -> None:
    document, version = tmp_path / "document.yaml", "linear-three@1.0.0"
    document.write_text("title: case")
    why = ("--reason", "first release")

    deploy = ("deployment", "deploy", version, "--site", "RXX01", *why)
    [deployment] = terminal.run(cast.manager, *deploy)
    ask = ("deployment", "request", deployment["id"], "--to", "live", *why)
    [asked] = terminal.run(cast.manager, *ask)
    approve = ("deployment", "approve", asked["change"], *why)
    terminal.run(cast.site_officer, *approve, exit_code=3)

    submit = ("safety", "submit", version, str(document), "--title", "Case", *why)
    [case] = terminal.run(cast.submitter, *submit)
    terminal.run(cast.supplier_officer, "safety", "sign", case["id"], *why)
    for kind in ("dcb0160", "local_test"):
        accept = ("safety", "accept", version, str(document), "--site", "RXX01", "--kind", kind)
        terminal.run(cast.site_officer, *accept, *why)
    assert len(terminal.run(cast.site_officer, "safety", "list")) == 3

    [live] = terminal.run(cast.site_officer, *approve)
    assert (live["mode"], live["change_state"]) == ("live", "applied")
    [period] = terminal.run(cast.manager, "deployment", "history", "--site", "RXX01")
    assert period["deployment_id"] == deployment["id"]

    terminal.run(cast.manager, "deployment", "suspend", deployment["id"], *why)
    [row] = terminal.run(cast.manager, "deployment", "list", "--site", "RXX01")
    assert row["mode"] == "suspended"
    terminal.run(cast.manager, "deployment", "suspend", "dep_unknown", *why, exit_code=4)


def test_a_threshold_that_is_no_pair_is_refused(terminal: Terminal, cast: Cast) -> None:
    terminal.run(
        cast.manager,
        *("deployment", "deploy", "linear-three@1.0.0", "--site", "RXX01"),
        *("--threshold", "pneumonia", "--reason", "try"),
        exit_code=3,
    )


def test_a_node_is_added_at_the_command_line(terminal: Terminal, cast: Cast) -> None:
    words = ("--site", "RXX01", "--ae-title", "PACS", "--host", "pacs", "--destination")
    terminal.run(cast.manager, "node", "add", *words, "--reason", "results go there")
    [node] = terminal.run(cast.manager, "node", "list")
    assert (node["ae_title"], node["is_source"], node["is_destination"]) == ("PACS", False, True)
