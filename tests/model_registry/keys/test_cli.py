"""`vigil key`."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from factories.identity import create_organisation, create_person
from factories.packages import SIGNING_KEY
from typer.testing import CliRunner

from model_registry.keys.cli import app
from model_registry.packages.signature import public_bytes, public_pem
from vigil.kernel.console import root
from vigil.kernel.identity import repository
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.parts import Parts


@pytest.fixture
def vigil(parts: Parts) -> typer.Typer:
    command = root(lambda: parts)
    command.add_typer(app, name="key")
    return command


def token_of(parts: Parts, organisation: str, kind: OrganisationKind, role: Role) -> str:
    with parts.database.write() as session:
        create_organisation(session, organisation, kind)
        actor = create_person(session, organisation, role)
        user = repository.user(session, actor.id)
        assert user is not None
        _, token = identity.issue_token(
            session,
            actor,
            email=user.email,
            name="cli",
            scopes=list(Permission),
            life=timedelta(days=1),
        )
    return token


def test_a_key_is_proposed_trusted_and_revoked(
    vigil: typer.Typer, parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: str, code: int = 0) -> list[dict[str, str]]:
        ended = CliRunner().invoke(vigil, ["--json", "key", *words])
        assert ended.exit_code == code, ended.output
        found: list[dict[str, str]] = json.loads(ended.stdout) if code == 0 else []
        return found

    supplier = token_of(parts, "ACME", OrganisationKind.SUPPLIER, Role.SUPPLIER)
    manager = token_of(parts, "NET", OrganisationKind.NETWORK, Role.NETWORK_MANAGER)
    file = tmp_path / "key.pub"
    file.write_bytes(public_pem(public_bytes(SIGNING_KEY)))
    monkeypatch.setenv("VIGIL_TOKEN", supplier)
    (row,) = run("propose", str(file), "--label", "release server", "--reason", "first key")
    assert row["status"] == "proposed"
    run("trust", row["id"], "--reason", "mine", code=6)
    monkeypatch.setenv("VIGIL_TOKEN", manager)
    assert run("trust", row["id"], "--reason", "compared")[0]["status"] == "trusted"
    assert run("revoke", row["id"], "--reason", "it leaked")[0]["status"] == "revoked"
    assert [one["id"] for one in run("list")] == [row["id"]]
