"""`vigil run`."""

import json
from typing import Any

import pytest
import typer
from factories.wards import Ward
from typer.testing import CliRunner, Result

from inference.runs import cli
from inference.runs.models import Outcome, Run
from inference.runtime.outputs import to_bytes
from inference.runtime.pool import Runtimes
from vigil.kernel.console import root


@pytest.fixture
def vigil(ward: Ward) -> typer.Typer:
    app = root(lambda: ward.parts)
    app.add_typer(cli.app, name="run")
    return app


@pytest.fixture
def run(ward: Ward, runtimes: Runtimes) -> Run:
    return ward.execute(runtimes, ward.plan())


def vigil_run(app: typer.Typer, *words: str) -> Result:
    return CliRunner().invoke(app, ["--json", "run", *words])


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_runs_are_listed_and_shown(vigil: typer.Typer, ward: Ward, run: Run) -> None:
    ward.plan()

    listed = {row["run"]: row["outcome"] for row in rows(vigil_run(vigil, "list"))}
    assert sorted(listed.values()) == ["SUCCEEDED", "planned"]
    assert len(rows(vigil_run(vigil, "list", "--outcome", "SUCCEEDED"))) == 1
    assert len(rows(vigil_run(vigil, "list", "--study", run.study_id))) == 1
    shown = rows(vigil_run(vigil, "show", run.id))
    assert {row["finding"] for row in shown} == {"pneumonia", "effusion"}


def test_a_run_without_a_result_shows_why(
    vigil: typer.Typer, ward: Ward, runtimes: Runtimes
) -> None:
    run = ward.execute(runtimes, ward.plan(Modality="CT"))

    shown = vigil_run(vigil, "show", run.id)

    assert shown.exit_code == 0
    assert "SKIPPED: no instance fits the package's select: modality = CT" in shown.stderr


def test_a_replay_says_that_it_is_identical(vigil: typer.Typer, run: Run) -> None:
    [row] = rows(vigil_run(vigil, "replay", run.id, "--reason", "audit"))

    assert row == {
        "run": run.id,
        "identical": True,
        "largest_difference": 0.0,
        "same_runtime": True,
    }


def test_a_replay_that_differs_ends_with_three(vigil: typer.Typer, ward: Ward, run: Run) -> None:
    with ward.parts.database.write() as session:
        kept = session.get_one(Run, run.id)
        kept.outputs_digest = ward.parts.objects.put(to_bytes({}))
        session.add(kept)

    result = vigil_run(vigil, "replay", run.id)

    assert result.exit_code == 3
    [row] = json.loads(result.stdout)
    assert (row["identical"], row["largest_difference"]) == (False, "infinite")


def test_what_is_not_there_or_has_no_outputs_has_its_exit_code(
    vigil: typer.Typer, ward: Ward, runtimes: Runtimes
) -> None:
    skipped = ward.execute(runtimes, ward.plan(Modality="CT"))
    assert skipped.outcome is Outcome.SKIPPED

    assert vigil_run(vigil, "show", "run_none").exit_code == 4
    assert vigil_run(vigil, "replay", "run_none").exit_code == 4
    assert vigil_run(vigil, "replay", skipped.id).exit_code == 5
    assert vigil_run(vigil, "list", "--outcome", "WELL").exit_code == 2
