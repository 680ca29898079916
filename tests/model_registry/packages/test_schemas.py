"""The published schemas say what the code that reads the files says."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories import packages
from factories.json_schema import problems

from model_registry.packages import schemas
from model_registry.packages.errors import UnknownSchema
from model_registry.packages.signature import sign

ROOT = Path(__file__).parents[3]
FILES = {
    "manifest": "manifest.yaml",
    "card": "card.yaml",
    "safety_case": "safety_case.yaml",
    "golden_cases": "golden/cases.yaml",
}
DEMOS = sorted((ROOT / "platform/vigil/app/demo/packages").iterdir())
VALID: dict[str, Any] = {
    "manifest": packages.manifest(),
    "card": packages.CARD,
    "safety_case": packages.SAFETY_CASE,
    "signature": json.loads(sign(packages.package(), packages.SIGNING_KEY).files["signature.json"]),
}


@pytest.mark.parametrize("name", schemas.NAMES)
def test_the_published_schema_is_what_the_code_says_now(name: str) -> None:
    path = ROOT / "docs/schemas" / f"{name}.schema.json"
    assert path.read_text(encoding="utf-8") == schemas.text_of(name), (
        "run `vigil package schema --folder docs/schemas`"
    )


@pytest.mark.parametrize("name", schemas.NAMES)
def test_a_schema_names_its_draft_and_says_what_each_field_is(name: str) -> None:
    made = schemas.schema(name)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"] == f"urn:vigil:schema:{name}:v1"
    assert made["title"]
    assert made["description"]
    for field, inner in made["properties"].items():
        assert inner.get("title") or inner.get("$ref") or inner.get("anyOf"), field


@pytest.mark.parametrize("folder", DEMOS, ids=lambda path: path.name)
@pytest.mark.parametrize("name", FILES)
def test_the_demonstration_keeps_to_the_schemas(folder: Path, name: str) -> None:
    value = yaml.safe_load((folder / FILES[name]).read_text(encoding="utf-8"))
    assert problems(schemas.schema(name), value) == []


@pytest.mark.parametrize("name", VALID)
def test_a_valid_file_keeps_to_its_schema(name: str) -> None:
    assert problems(schemas.schema(name), VALID[name]) == []


def set_at(*path: str | int, value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for part in path[:-1]:
            document = document[part]
        document[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("manifest", set_at("schema", value="vigil/package/v2")),
        ("manifest", set_at("inputs", value={})),
        ("manifest", set_at("model", "name", value="Upper")),
        ("manifest", set_at("model", "device", "content_qualification", value="MAYBE")),
        ("manifest", set_at("input", "tensors", value=[])),
        ("manifest", set_at("input", "tensors", 0, "steps", 0, value="blur")),
        ("manifest", set_at("input", "tensors", 0, "steps", 0, value={"resize": {"height": 8}})),
        ("manifest", set_at("input", "tensors", 0, "steps", 0, value={"channels": 2})),
        ("manifest", set_at("output", 0, "findings", 0, "index", value="0")),
        ("manifest", set_at("resources", "max_seconds", value=0)),
        ("card", set_at("limitations", value="none")),
        ("card", set_at("evaluation", 0, "metrics", 0, value={"value": 0.9})),
        ("card", set_at("evaluation", 0, "metrics", 0, "n", value=-1)),
        ("card", set_at("evaluation", 0, "independent", value="yes")),
        ("card", set_at("oversight", value={"human_review": 7})),
        ("safety_case", set_at("hazards", 0, "initial", "severity", value="awful")),
        ("safety_case", set_at("hazards", 0, "controls", value=[])),
        ("signature", set_at("algorithm", value="none")),
        ("signature", set_at("files", 0, "sha256", value="ab")),
    ],
)
def test_a_broken_file_is_refused(name: str, change: Callable[[Any], None]) -> None:
    value = copy.deepcopy(VALID[name])
    change(value)
    assert problems(schemas.schema(name), value) != []


@pytest.mark.parametrize(
    "step",
    [
        "modality_lut",
        {"voi": {"window": "full"}},
        "monochrome1",
        {"monochrome1": "invert"},
        {"scale": {"from": "data", "to": [0, 1]}},
        {"scale": {"from": [0, 4000], "to": [-1, 1]}},
        {"normalise": {"mean": [0.4], "std": [0.2]}},
        {"channels": 3},
    ],
)
def test_a_step_is_written_as_in_yaml(step: Any) -> None:
    value = packages.manifest()
    value["input"]["tensors"][0]["steps"] = [step]
    assert problems(schemas.schema("manifest"), value) == []


def test_an_unknown_schema_is_not_found() -> None:
    with pytest.raises(UnknownSchema):
        schemas.schema("weights")


def test_no_definition_is_left_over() -> None:
    for made in schemas.schemas().values():
        text = json.dumps(made)
        for name in made.get("$defs", {}):
            assert f'"#/$defs/{name}"' in text


def test_the_card_of_a_package_that_says_more_keeps_to_its_schema() -> None:
    rows = [{"name": "sensitivity", "value": 0.9, "axis": "sex", "level": "F", "low": 0.8}]
    card = {**packages.CARD, "use": {"users": ["Radiologists"]}, "house_style": {"colour": 1}}
    card["evaluation"] = [{"dataset": "External", "kind": "external", "metrics": rows}]
    assert problems(schemas.schema("card"), card) == []
