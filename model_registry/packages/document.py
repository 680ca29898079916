"""Read a supplier's YAML as plain data: no objects, no aliases, no key given twice, no depth.

Aliases are refused because a few of them grow to gigabytes when they are followed; dates stay text
so that what is read is what JSON can hold.
"""

from typing import Any

import yaml

from model_registry.packages.errors import BrokenPackage
from vigil.kernel.errors import Fault

MAX_BYTES = 512 * 1024
MAX_DEPTH = 20


class _Refused(yaml.YAMLError):
    """The YAML says something that is legal there and not here."""


class _PlainLoader(yaml.SafeLoader):
    """YAML's core of texts, numbers, lists and mappings."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _Refused(f"an alias in line {self._line()}")
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
    return value


def _fault(error: Exception, file: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    place = f"{file}:line {mark.line + 1}" if mark else file
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return Fault(place, str(problem), "Write plain YAML: texts, numbers, lists and mappings")
