import json
from datetime import timedelta

import pytest
import typer
from factories.identity import create_organisation, create_person
from typer.testing import CliRunner

from vigil.kernel.console import root
from vigil.kernel.identity import cli, repository, service
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.parts import Parts

PERSON = ["user", "create", "cso@rxx.example", "--organisation", "RXX", "--name", "A", "--role"]
SECRET = {"VIGIL_NEW_PASSWORD": "correct horse battery"}


@pytest.fixture
def vigil(parts: Parts) -> typer.Typer:
    app = root(lambda: parts)
    app.add_typer(cli.organisation_app, name="organisation")
    app.add_typer(cli.site_app, name="site")
    app.add_typer(cli.user_app, name="user")
    app.add_typer(cli.token_app, name="token")
    return app


def run(app: typer.Typer, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, env=env)
    return result.exit_code, result.output


def test_what_was_created_is_listed(vigil: typer.Typer) -> None:
    new = ("--name", "North", "--kind", "provider")
    assert run(vigil, "organisation", "create", "RXX", *new)[0] == 0
    site = ("--organisation", "RXX", "--name", "North site")
    assert run(vigil, "site", "create", "RXX01", *site)[0] == 0
    code, output = run(vigil, "site", "list")
    assert (code, output.splitlines()[0]) == (0, "ods_code\tname\tid")
    assert output.splitlines()[1].startswith("RXX01\tNorth site\tsite_")


def test_json_is_json(vigil: typer.Typer, parts: Parts) -> None:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
    _, output = run(vigil, "--json", "organisation", "list")
    assert json.loads(output)[0]["ods_code"] == "RXX"
    assert json.loads(run(vigil, "--json", "site", "list")[1]) == []


def test_exit_codes_say_what_kind_of_error(vigil: typer.Typer) -> None:
    new = ("organisation", "create", "RXX", "--name", "North", "--kind", "provider")
    site = ("site", "create", "RYY01", "--organisation", "RYY", "--name", "x")
    assert run(vigil, "organisation", "create")[0] == 2
    assert [run(vigil, *new)[0] for _ in range(2)] == [0, 5]
    code, output = run(vigil, *site)
    assert (code, output) == (4, "No such organisation: No organisation has the code RYY.\n")


def test_every_fault_is_a_line(vigil: typer.Typer) -> None:
    code, output = run(vigil, *PERSON, "cso", env={"VIGIL_NEW_PASSWORD": "short"})
    assert code == 3
    assert "password: too short. Use at least 12 characters" in output
    assert "registration_number: missing for a CSO" in output


def test_a_person_is_created_with_their_registration(vigil: typer.Typer, parts: Parts) -> None:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
    registration = ("--professional-body", "GMC", "--registration", "1234567")
    code, output = run(vigil, *PERSON, "cso", *registration, env=SECRET)
    assert code == 0
    assert "correct horse" not in output
    assert "cso@rxx.example" in run(vigil, "user", "list")[1]


def test_a_token_in_the_environment_says_who_acts(vigil: typer.Typer, parts: Parts) -> None:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
        reader = create_person(session, "RXX", Role.READER)
        user = repository.user(session, reader.id)
        assert user is not None
        _, key = service.issue_token(
            session,
            reader,
            email=user.email,
            name="x",
            scopes=[Permission.STUDY_READ],
            life=timedelta(days=1),
        )
    assert run(vigil, "user", "list", env={"VIGIL_TOKEN": key})[0] == 6
    assert run(vigil, "user", "list", env={"VIGIL_TOKEN": "unknown"})[0] == 6
    assert run(vigil, "user", "list")[0] == 0


def test_a_token_is_issued_and_revoked(vigil: typer.Typer, parts: Parts) -> None:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
        reader = create_person(session, "RXX", Role.READER)
        user = repository.user(session, reader.id)
        assert user is not None
    issue = ("token", "issue", user.email, "--name", "export", "--scope", "study:read")
    token = json.loads(run(vigil, "--json", *issue)[1])[0]
    assert token["key"].startswith("vigil_")
    assert run(vigil, "token", "revoke", token["id"], "--reason", "lost")[0] == 0
    assert run(vigil, "token", "revoke", "tok_unknown", "--reason", "lost")[0] == 4
