"""Holds data against a JSON Schema (draft 2020-12), for the keywords that Vigil's schemas use.

A keyword that it does not know is an error of the schema, never passed over.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]
SAID = {"$schema", "$id", "$defs", "title", "description", "examples", "default"}
TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
}


def problems(schema: Schema, value: Any) -> list[str]:
    """Return where `value` breaks `schema`; an empty list where it does not."""
    return list(_problems(schema, value, "", schema))


def _problems(schema: Any, value: Any, at: str, root: Schema) -> Iterator[str]:
    if schema is True:
        return
    for word, rule in schema.items():
        if word not in SAID:
            yield from _RULES[word](rule, value, at, root, schema)


def _ref(rule: str, value: Any, at: str, root: Schema, _schema: Schema) -> Iterator[str]:
    assert rule.startswith("#/$defs/")
    yield from _problems(root["$defs"][rule.removeprefix("#/$defs/")], value, at, root)


def _any(rule: list[Any], value: Any, at: str, root: Schema, _schema: Schema) -> Iterator[str]:
    if all(any(True for _ in _problems(one, value, at, root)) for one in rule):
        yield f"{at}: none of {len(rule)} forms"


def _type(rule: str, value: Any, at: str, _root: Schema, _schema: Schema) -> Iterator[str]:
    if not TYPES[rule](value):
        yield f"{at}: not {rule}"


def _properties(rule: Schema, value: Any, at: str, root: Schema, _schema: Schema) -> Iterator[str]:
    for name in rule.keys() & value.keys() if isinstance(value, dict) else ():
        yield from _problems(rule[name], value[name], f"{at}.{name}", root)


def _additional(rule: Any, value: Any, at: str, root: Schema, schema: Schema) -> Iterator[str]:
    rest = value.keys() - schema.get("properties", {}) if isinstance(value, dict) else ()
    for name in rest:
        if rule is False:
            yield f"{at}.{name}: not known"
        else:
            yield from _problems(rule, value[name], f"{at}.{name}", root)


def _names(rule: Any, value: Any, at: str, root: Schema, _schema: Schema) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        yield from _problems(rule, name, f"{at}.{name}", root)


def _required(
    rule: list[str], value: Any, at: str, _root: Schema, _schema: Schema
) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}.{name}: missing" for name in rule if name not in value)


def _items(rule: Any, value: Any, at: str, root: Schema, _schema: Schema) -> Iterator[str]:
    first = len(_schema.get("prefixItems", ()))
    for number, inner in enumerate(value if isinstance(value, list) else ()):
        if number >= first:
            yield from _problems(rule, inner, f"{at}.{number}", root)


def _prefix(rule: list[Any], value: Any, at: str, root: Schema, _schema: Schema) -> Iterator[str]:
    for number, inner in enumerate(rule if isinstance(value, list) else ()):
        if number < len(value):
            yield from _problems(inner, value[number], f"{at}.{number}", root)


def _when(kind: str, broken: Callable[[Any, Any], bool]) -> Callable[..., Iterator[str]]:
    def check(rule: Any, value: Any, at: str, *_: Any) -> Iterator[str]:
        if TYPES[kind](value) and broken(rule, value):
            yield f"{at}: {rule}"

    return check


def _fixed(rule: Any, value: Any, at: str, *_: Any) -> Iterator[str]:
    allowed = rule if isinstance(rule, list) else [rule]
    if not any(value == one and type(value) is type(one) for one in allowed):
        yield f"{at}: not {rule}"


_RULES: dict[str, Callable[..., Iterator[str]]] = {
    "$ref": _ref,
    "anyOf": _any,
    "oneOf": _any,
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "required": _required,
    "items": _items,
    "prefixItems": _prefix,
    "const": _fixed,
    "enum": _fixed,
    "pattern": _when("string", lambda rule, v: re.search(rule, v) is None),
    "minLength": _when("string", lambda rule, v: len(v) < rule),
    "maxLength": _when("string", lambda rule, v: len(v) > rule),
    "minItems": _when("array", lambda rule, v: len(v) < rule),
    "maxItems": _when("array", lambda rule, v: len(v) > rule),
    "minProperties": _when("object", lambda rule, v: len(v) < rule),
    "minimum": _when("number", lambda rule, v: v < rule),
    "maximum": _when("number", lambda rule, v: v > rule),
    "exclusiveMinimum": _when("number", lambda rule, v: v <= rule),
    "exclusiveMaximum": _when("number", lambda rule, v: v >= rule),
}
