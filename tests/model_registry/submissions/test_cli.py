"""`vigil submission`."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from factories import packages
from factories.submissions import (
    ANSWERS,
    begin_upload,
    create_supplier,
    folder_of,
    receiver_of,
    rehearsed,
)
from typer.testing import CliRunner

from model_registry.submissions import conversation, service, uploads
from model_registry.submissions.cli import app
from model_registry.submissions.folder import sha256_of
from model_registry.submissions.models import UploadState
from vigil.kernel.console import root
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts


@pytest.fixture
def acme(parts: Parts) -> Actor:
    return create_supplier(parts)


@pytest.fixture
def vigil(parts: Parts, acme: Actor) -> typer.Typer:
    command = root(lambda: parts)
    command.add_typer(app, name="submission")
    return command


def run(vigil: typer.Typer, *arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(vigil, ["--json", "submission", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if done.stdout else done.stderr


def test_a_whole_submission_at_the_terminal(
    vigil: typer.Typer, parts: Parts, tmp_path: Path, acme: Actor
) -> None:
    folder = packages.package_folder(tmp_path / "package")
    [made] = run(vigil, "create", "linear-three 1.0.0", "--supplier", "ACME")
    reference = made["reference"]

    rows = run(vigil, "upload", reference, str(folder))
    assert rows[0] == {"task": "package", "status": "Completed", "wrong": ""}
    assert len(run(vigil, "answers", reference, "people")) == 5
    run(vigil, "test", reference)
    with parts.database.read() as session:
        upload_id = service.submission(session, acme, reference).upload_id or ""
    rehearsed(parts, upload_id)
    for task, answers in ANSWERS.items():
        run(vigil, "answers", reference, task, *(f"{k}={v}" for k, v in answers.items()))
    [done] = run(vigil, "submit", reference)
    assert (done["state"], done["version_status"]) == ("submitted", "submitted")
    assert folder_of(parts).uploads() == []

    [asked] = run(vigil, "ask", reference, "Which scanners?", "--about", "validation")
    run(vigil, "answer", reference, asked["id"], "Three makers.")
    with parts.database.read() as session:
        [exchange] = conversation.thread(session, acme, reference)
    assert not exchange.is_open
    assert run(vigil, "list")[0]["open_questions"] == 0
    assert len(run(vigil, "show", reference)) == 9
    [gone] = run(vigil, "withdraw", reference, "--reason", "a fault was found")
    assert gone["version_status"] == "withdrawn"


def test_an_interrupted_upload_goes_on(
    vigil: typer.Typer, parts: Parts, tmp_path: Path, acme: Actor
) -> None:
    source = tmp_path / "package.zip"
    source.write_bytes(packages.archive())
    with source.open("rb") as file:
        digest = sha256_of(file)
    begun = begin_upload(parts, acme, source.stat().st_size, sha256=digest)
    with receiver_of(parts, acme).at(begun.id) as incoming:
        incoming.write(source.read_bytes()[:500])
        incoming.keep()
    [made] = run(vigil, "create", "again", "--supplier", "ACME")

    done = CliRunner().invoke(vigil, ["submission", "upload", made["id"], str(source)])

    assert "Going on after 500 of" in done.stderr
    with parts.database.read() as session:
        assert uploads.upload(session, acme, begun.id).state is UploadState.COMPLETE
        assert service.submission(session, acme, made["id"]).upload_id == begun.id


def test_a_faulty_package_is_uploaded_and_its_faults_said(
    vigil: typer.Typer, tmp_path: Path
) -> None:
    source = tmp_path / "package.zip"
    source.write_bytes(packages.archive(card_yaml=b"limitations: []"))
    [made] = run(vigil, "create", "faulty", "--supplier", "ACME")

    done = CliRunner().invoke(vigil, ["submission", "upload", made["id"], str(source)])

    assert done.exit_code == 3
    assert "card.yaml:intended_use" in done.stderr


def test_an_answer_without_a_name_is_refused(vigil: typer.Typer) -> None:
    [made] = run(vigil, "create", "x", "--supplier", "ACME")

    assert "Write NAME=ANSWER" in run(
        vigil, "answers", made["id"], "release_notes", "changes", code=3
    )
