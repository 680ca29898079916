"""The JSON Schemas (draft 2020-12) of the files that a supplier writes.

They are made from the models that read the files, so that an editor and `vigil package check` say
the same. A schema cannot say everything: that two fields fit each other, or the ONNX file, is left
to `check`. docs/schemas/ holds them; a test keeps it equal to what is made here.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from model_registry.packages.card_document import CardDocument
from model_registry.packages.documents import SafetyCaseDocument
from model_registry.packages.errors import UnknownSchema
from model_registry.packages.golden import CasesDocument
from model_registry.packages.manifest import Manifest
from model_registry.packages.plan_document import ChangePlan
from model_registry.packages.signature import Signature
from model_registry.packages.steps import WORDS

Schema = dict[str, Any]
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENTS: Final[Mapping[str, tuple[str, type[BaseModel]]]] = {
    "manifest": ("manifest.yaml", Manifest),
    "card": ("card.yaml", CardDocument),
    "safety_case": ("safety_case.yaml", SafetyCaseDocument),
    "golden_cases": ("golden/cases.yaml", CasesDocument),
    "signature": ("signature.json", Signature),
    "change_plan": ("change_plan.yaml", ChangePlan),
}
# What may be written as its name alone.
_SHORT: Final = frozenset({"Control", "Modification"})
NAMES: Final = tuple(_DOCUMENTS)


def schemas() -> dict[str, Schema]:
    """Return every schema by its name."""
    return {name: schema(name) for name in NAMES}


def schema(name: str) -> Schema:
    """Return one schema.

    Raises:
        UnknownSchema: there is none of this name.
    """
    if name not in _DOCUMENTS:
        raise UnknownSchema(f"There are {', '.join(NAMES)}.")
    file, document = _DOCUMENTS[name]
    made = document.model_json_schema(by_alias=True)
    made = _as_written(made)
    head = {
        "$schema": _DIALECT,
        "$id": f"urn:vigil:schema:{name}:v1",
        "title": f"{file} of a Vigil model package",
    }
    return {**head, **{key: value for key, value in made.items() if key != "title"}}


def text_of(name: str) -> str:
    """Return the schema as it is kept in docs/schemas/."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def _as_written(made: Schema) -> Schema:
    """Describe what is written, where a short form is read into a longer one."""
    made = _replaced(made, made.get("$defs", {}))
    definitions = made.get("$defs", {})
    for name in _SHORT & definitions.keys():
        definitions[name] = {"anyOf": [{"type": "string", "minLength": 1}, definitions[name]]}
    if "Figure" in definitions:
        figure = definitions["Figure"]
        figure["anyOf"] = [{"required": [name]} for name in ("name", "metric")]
        figure.pop("required")
    return _pruned(made)


def _pruned(made: Schema) -> Schema:
    """Leave out definitions that nothing refers to any more."""
    definitions = made.pop("$defs", {})
    wanted, found = {""}, _references(made)
    while found - wanted:
        wanted |= found
        found = {name for one in wanted - {""} for name in _references(definitions[one])}
    kept = {name: value for name, value in definitions.items() if name in wanted}
    return {**made, "$defs": kept} if kept else made


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for inner in value for name in _references(inner)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"].rpartition("/")[2]} if isinstance(value.get("$ref"), str) else set()
    return own | {name for inner in value.values() for name in _references(inner)}


def _replaced(value: Any, definitions: Mapping[str, Any]) -> Any:
    """Replace each choice among steps by the form that steps are written in."""
    if isinstance(value, list):
        return [_replaced(inner, definitions) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.get("discriminator", {}).get("propertyName") == "kind":
        kinds = [definitions[choice["$ref"].rpartition("/")[2]] for choice in value["oneOf"]]
        return {"title": "Step", "anyOf": [form for kind in kinds for form in _forms(kind)]}
    # Which of several forms is meant is told by how it looks; `discriminator` is OpenAPI's.
    kept = {key: inner for key, inner in value.items() if key != "discriminator"}
    return {key: _replaced(inner, definitions) for key, inner in kept.items()}


def _forms(step: Schema) -> list[Schema]:
    """Return a step as a word, and as a word with its value."""
    fields = {name: inner for name, inner in step["properties"].items() if name != "kind"}
    word, required = step["properties"]["kind"]["const"], step.get("required", [])
    said: Schema = {key: step[key] for key in ("title", "description") if key in step}
    forms: list[Schema] = [] if required else [{**said, "const": word}]
    if word in WORDS:
        forms.append({**said, **_only(word, fields[WORDS[word]])})
    elif fields:
        inner = {"type": "object", "properties": fields, "additionalProperties": False}
        forms.append({**said, **_only(word, {**inner, "required": required})})
    return forms


def _only(word: str, value: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {word: value},
        "required": [word],
        "additionalProperties": False,
    }
