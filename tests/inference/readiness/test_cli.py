"""Readiness at the terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from factories.nodes import create_node
from factories.safety import Cast, create_cast, create_version
from typer.testing import CliRunner, Result

from inference.readiness import cli
from inference.readiness.repository import offers
from vigil.kernel.console import CHECK_FAILED, root
from vigil.kernel.parts import Parts


@pytest.fixture
def app(parts: Parts) -> typer.Typer:
    made = root(lambda: parts)
    made.add_typer(cli.site_app, name="site")
    made.add_typer(cli.node_app, name="node")
    return made


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        cast = create_cast(session)
        create_version(session, cast)
        return cast


def run(app: typer.Typer, *words: str) -> Result:
    return CliRunner().invoke(app, ["--json", *words])


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_the_network_and_one_checklist(app: typer.Typer, cast: Cast) -> None:
    [row] = rows(run(app, "site", "readiness"))
    assert (row["site"], row["ready"]) == ("RXX01", False)
    from_site = rows(run(app, "site", "readiness", "RXX01"))
    assert from_site == [row]


def test_evidence_from_a_file(app: typer.Typer, cast: Cast, parts: Parts, tmp_path: Path) -> None:
    with parts.database.read() as session:
        [offer] = offers(session)
    file = tmp_path / "dpia.pdf"
    file.write_bytes(b"%PDF")
    words = ["--reference", "IG-1", "--owner", "DPO", "--reason", "assessed",
             "--valid-from", "2026-11-01", "--expires-on", "2026-12-01"]  # fmt: skip
    [made] = rows(
        run(app, "site", "evidence", "dpia", "--site", "RXX01", "--model", offer.model_id,
            "--document", str(file), *words)
    )  # fmt: skip
    assert made["expires_on"] == "2026-12-01"
    items = rows(run(app, "site", "readiness", "RXX01", "--model", offer.model_id))
    assert {row["item"]: row["state"] for row in items}["dpia"] == "expiring"
    [due] = rows(run(app, "site", "due", "--days", "30"))
    assert (due["site"], due["item"], due["expired"]) == ("RXX01", "dpia", False)
    refused = run(app, "site", "evidence", "shadow", "--site", "RXX01", "--model", offer.model_id,
                  *words)  # fmt: skip
    assert refused.exit_code == CHECK_FAILED


def test_a_peer_that_does_not_answer_fails_the_check(
    app: typer.Typer, cast: Cast, parts: Parts
) -> None:
    with parts.database.write() as session:
        node = create_node(session, cast.site.id, port=1)
    asked = run(app, "node", "echo", node.id)
    assert asked.exit_code == CHECK_FAILED
    assert json.loads(asked.stdout)[0]["ok"] is False
