"""Read a supplier's YAML as plain data: no tags, no aliases, no key given twice, no depth.

Aliases are refused because a few of them grow to gigabytes when they are followed, tags because
they make the parser do what its authors never tried. Dates and times stay text, and control
characters and numbers that are not finite are refused, so that what is read is what JSON and both
databases can hold. Length and number of values are bounded: a reader takes a second at most.
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
# Values, keys and lists counted alike; a safety case of a thousand hazards has fewer.
MAX_NODES = 20_000
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
        self._nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._refuse_event(self.peek_event())  # type: ignore[no-untyped-call]
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH}")
        if self._nodes > MAX_NODES:
            raise _Refused(f"more than {MAX_NODES} keys and values")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str) or key in seen:
                line = node.start_mark.line + 1
                raise _Refused(f"key {key!r:.100} below line {line} is no text or occurs twice")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    @staticmethod
    def _refuse_event(event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(f"an alias in line {line}")
        if getattr(event, "tag", None) is not None:
            raise _Refused(f"a tag (!) in line {line}")


# What stays text: a date, a merge, a lone =, and 1:30, which YAML 1.1 holds to be ninety.
_TEXTS = (":timestamp", ":merge", ":value", ":int", ":float")
_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(_TEXTS)]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_INT = re.compile(r"[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)\Z")
_FLOAT = re.compile(
    r"(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN))\Z"
)
# 1e-5 is a number in YAML 1.2, and to whoever writes it; to YAML 1.1 it is text.
_SHORT_FLOAT = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+\Z")
for _first in "-+.0123456789":
    _PlainLoader.yaml_implicit_resolvers.setdefault(_first, []).extend(
        (f"tag:yaml.org,2002:{kind}", pattern)
        for kind, pattern in (("int", _INT), ("float", _FLOAT), ("float", _SHORT_FLOAT))
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
    except Exception as error:  # noqa: BLE001 - what a stranger's file makes of the parser is his
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
    problem = getattr(error, "problem", None)
    if not problem and isinstance(error, (yaml.YAMLError, ValueError)):
        problem = (str(error).splitlines() or [""])[0]
    problem = problem or f"not readable ({type(error).__name__})"
    return Fault(place, str(problem)[:300], "Write plain YAML: texts, numbers, lists and mappings")
