"""Read a supplier's YAML as plain data: no objects, no aliases, no key given twice, no depth.

Aliases are refused because a few of them grow to gigabytes when they are followed. Dates stay text,
and control characters and numbers that are not finite are refused, so that what is read is what
JSON and both databases can hold.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from model_registry.packages.errors import BrokenPackage
from vigil.kernel.errors import Fault

# The parser takes seconds for a megabyte; large arrays belong into .npy files.
MAX_BYTES = 128 * 1024
MAX_FAULTS = 50
MAX_DEPTH = 20
# What `vigil package init` writes where only the supplier knows the words.
DRAFT = "…"
# What JSON and both databases keep exactly.
_LARGEST = 2**53
_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f\\ud800-\\udfff]")


class _Refused(yaml.YAMLError):
    """The YAML says something that is legal there and not here."""


class _PlainLoader(yaml.SafeLoader):
    """YAML's core of texts, numbers, lists and mappings."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            raise _Refused(f"an alias in line {event.start_mark.line + 1}")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH}")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for key in keys if not isinstance(key, str) or keys.count(key) > 1]
        if twice:
            line = node.start_mark.line + 1
            raise _Refused(f"key {twice[0]!r} below line {line} is no text or occurs twice")
        return super().construct_mapping(node, deep=deep)


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith((":timestamp", ":merge"))]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# 1e-5 is a number in YAML 1.2, and to whoever writes it; to YAML 1.1 it is text.
_SHORT_FLOAT = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")
for _digit in "-+0123456789":
    _PlainLoader.yaml_implicit_resolvers.setdefault(_digit, []).append(
        ("tag:yaml.org,2002:float", _SHORT_FLOAT)
    )


def read_yaml(data: bytes, file: str) -> dict[str, Any]:
    """Return the mapping that `data` is.

    Raises:
        BrokenPackage: it is none, is too large, or is not plain YAML.
    """
    if len(data) > MAX_BYTES:
        fault = Fault(file, f"larger than {MAX_BYTES} bytes", "Shorten it")
        raise BrokenPackage.because([fault])
    try:
        value = yaml.load(data, Loader=_PlainLoader)  # noqa: S506 - a narrower SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise BrokenPackage.because([_fault(error, file)]) from None
    if not isinstance(value, dict):
        fault = Fault(file, "not a mapping", "Write `key: value` lines")
        raise BrokenPackage.because([fault])
    faults = [Fault(f"{file}:{place}", *unfit) for place, unfit in _unfit(value)]
    if faults:
        raise BrokenPackage.because(faults[:MAX_FAULTS])
    return value


def _unfit(value: Any, place: str = "") -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each place whose value cannot stay, with the problem and the remedy."""
    problem = _problem(value)
    if problem:
        yield place, problem
    named = value.items() if isinstance(value, dict) else ()
    listed = enumerate(value) if isinstance(value, list) else ()
    for key, inner in (*named, *listed):
        if isinstance(key, str) and _CONTROL.search(key):
            yield place, ("a key holds control characters", "Leave them out")
        else:
            yield from _unfit(inner, f"{place}.{key}" if place else str(key))


def _problem(value: Any) -> tuple[str, str] | None:
    if value == DRAFT:
        return "not filled in", "Write it"
    if value is not None and not isinstance(value, (str, bool, int, float, list, dict)):
        return "neither text, number, list nor mapping", "Leave the tag (!!) out"
    if isinstance(value, str) and _CONTROL.search(value):
        return "it holds control characters", "Leave them out"
    if isinstance(value, float) and not math.isfinite(value):
        return "not a finite number", "Write a number, or leave it out"
    if isinstance(value, int) and abs(value) > _LARGEST:
        return f"beyond {_LARGEST}", "Write a smaller number"
    return None


def _fault(error: Exception, file: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    place = f"{file}:line {mark.line + 1}" if mark else file
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return Fault(place, str(problem), "Write plain YAML: texts, numbers, lists and mappings")
