"""The committed description of the API is the one that the application gives of itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from vigil.app import web
from vigil.kernel.parts import Parts
from vigil.kernel.web import assets

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
RENEW = "the API changed: `vigil openapi > docs/openapi.json` renews it; read the difference"


@pytest.fixture
def described(parts: Parts, tmp_path: Path) -> dict[str, Any]:
    assets.build(tmp_path / "assets")
    settings = parts.settings.model_copy(update={"assets_dir": tmp_path / "assets"})
    app = web.create_app(replace(parts, settings=settings))
    found: dict[str, Any] = TestClient(app).get("/api/v1/openapi.json").json()
    return found


def test_the_committed_description_is_the_application_s(described: dict[str, Any]) -> None:
    committed = json.loads(COMMITTED.read_text())
    for part in ("paths", "components"):
        changed = {
            name for name, value in described[part].items() if value != committed[part].get(name)
        }
        gone = set(committed[part]) - set(described[part])
        assert (changed, gone) == (set(), set()), RENEW
    assert described == committed, RENEW


def test_every_operation_is_named_once_and_speaks_of_this_version(
    described: dict[str, Any],
) -> None:
    operations = [
        operation
        for path in described["paths"].values()
        for method, operation in path.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names)) > 50
    assert all(path.startswith("/api/v1/") for path in described["paths"])
    assert all(operation.get("tags") for operation in operations)


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    wanted = set(_references(described))
    assert wanted <= {f"#/components/schemas/{name}" for name in schemas}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for each in value.values() for one in _references(each)]
    return [one for each in value for one in _references(each)] if isinstance(value, list) else []


def test_no_body_takes_a_field_that_nobody_reads(described: dict[str, Any]) -> None:
    """A misspelt `treshold` is told, not taken for none."""
    schemas = described["components"]["schemas"]
    wanted = [
        reference
        for path in described["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for reference in _references(_json_body(operation))
    ]
    seen: set[str] = set()
    while wanted:
        name = wanted.pop().rpartition("/")[2]
        if name not in seen:
            seen.add(name)
            wanted += _references(schemas[name])
    open_to_more = {
        name
        for name in seen
        if "properties" in schemas[name] and schemas[name].get("additionalProperties") is not False
    }
    assert len(seen) > 40
    assert open_to_more == set()


def _json_body(operation: dict[str, Any]) -> Any:
    return operation.get("requestBody", {}).get("content", {}).get("application/json", {})
