"""`vigil rule`."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.routing import CHEST
from factories.versions import create_version
from typer.testing import CliRunner, Result

from inference.routing import cli
from vigil.kernel.console import TOKEN, root
from vigil.kernel.identity import repository, service
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.parts import Parts

RULE = {"name": "chests", "when": CHEST, "model": "ACME/linear-three", "priority": "stat"}


@pytest.fixture
def vigil(parts: Parts) -> typer.Typer:
    with parts.database.write() as session:
        create_site(session)
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        create_version(session, parts.objects)
    app = root(lambda: parts)
    app.add_typer(cli.app, name="rule")
    return app


@pytest.fixture
def officer(parts: Parts, vigil: typer.Typer) -> str:
    """A network officer's token."""
    with parts.database.write() as session:
        actor = create_person(session, "NET", Role.CSO)
        user = repository.user(session, actor.id)
        assert user is not None
        _, token = service.issue_token(
            session,
            SETUP,
            email=user.email,
            name="test",
            scopes=list(Permission),
            life=timedelta(days=1),
        )
        return token


def run(app: typer.Typer, *words: str, token: str | None = None) -> Result:
    return CliRunner().invoke(app, ["--json", "rule", *words], env={TOKEN: token})


def rules_file(folder: Path, content: Any) -> str:
    path = folder / "rules.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


def test_rules_are_drafted_from_a_file_and_published_by_another(
    vigil: typer.Typer, officer: str, tmp_path: Path
) -> None:
    drafted = run(vigil, "draft", "RXX01", rules_file(tmp_path, [RULE]), "--reason", "go-live")
    assert drafted.exit_code == 0, drafted.output
    revision = json.loads(drafted.stdout)[0]["revision"]

    assert run(vigil, "publish", revision, "--reason", "by the machine").exit_code == 5
    done = run(vigil, "publish", revision, "--reason", "scope reviewed", token=officer)

    assert done.exit_code == 0, done.output
    [listed] = json.loads(run(vigil, "list", "RXX01").stdout)
    assert (listed["number"], listed["state"], listed["rules"]) == (1, "published", 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rules: [", "not a YAML list of rules"),
        ("5", "rules.yaml: Input should be a valid list"),
        ([RULE, RULE | {"priority": "at once"}], "rules.yaml.1.priority"),
        ([{"name": "chests"}], "rules.yaml.0.when"),
        ("- just text", "rules.yaml.0"),
        ("name: chests", "rules.yaml: Input should be a valid list"),
        ("", "rules.yaml: Input should be a valid list"),
        ([RULE | {"when": 'patient_name == "X"'}], "unknown attribute patient_name"),
    ],
)
def test_a_file_that_holds_no_rules_is_refused_with_the_place(
    vigil: typer.Typer, tmp_path: Path, content: Any, said: str
) -> None:
    refused = run(vigil, "draft", "RXX01", rules_file(tmp_path, content), "--reason", "x")

    assert refused.exit_code == 3, refused.output
    assert said in refused.stderr


def test_a_file_that_is_not_text_is_refused(vigil: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"\xff\xfe\x00")

    assert run(vigil, "draft", "RXX01", str(path), "--reason", "x").exit_code == 3


def test_a_site_or_revision_that_is_not_there_is_not_found(
    vigil: typer.Typer, officer: str
) -> None:
    assert run(vigil, "list", "RZZ99").exit_code == 4
    assert run(vigil, "publish", "rev_none", "--reason", "x", token=officer).exit_code == 4
