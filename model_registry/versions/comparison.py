"""What differs between two packages, field by field: for whoever approves the one after the other.

The manifest is compared in the form that Vigil runs, so that a default that is written out is no
difference. Card, safety case and change plan are compared as the data they are; weights, golden
cases and licence by digest. The signature is left out: it differs whenever anything does.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from model_registry.packages import layout
from model_registry.packages.archive import ModelPackage
from model_registry.packages.document import read_yaml
from model_registry.packages.errors import BrokenPackage
from vigil.kernel.objects import sha256


class Section(StrEnum):
    """What a difference is about, in the order in which it is read."""

    MODEL = "model"
    DEVICE = "device"
    INPUT = "input"
    PREPROCESSING = "preprocessing"
    OUTPUT = "output"
    THRESHOLDS = "thresholds"
    RESOURCES = "resources"
    MONITORING = "monitoring"
    WEIGHTS = "weights"
    CARD = "card"
    SAFETY_CASE = "safety_case"
    GOLDEN = "golden"
    PLAN = "plan"
    OTHER = "other"


@dataclass(frozen=True)
class Difference:
    """One field that is not the same; None where one of the packages does not have it."""

    section: Section
    path: str
    before: str | None
    after: str | None


# The first that matches a path of the manifest says its section.
_MANIFEST: Final = tuple(
    (re.compile(pattern), section)
    for pattern, section in (
        (r"model\.device\b", Section.DEVICE),
        (r"model\b", Section.MODEL),
        (r"input\.tensors\b", Section.PREPROCESSING),
        (r"input\b", Section.INPUT),
        (r"output\[\d+\]\.findings\[\d+\]\.threshold$", Section.THRESHOLDS),
        (r"output\b", Section.OUTPUT),
        (r"resources\b", Section.RESOURCES),
        (r"monitoring\b", Section.MONITORING),
        (r"follows\b", Section.PLAN),
    )
)
_DOCUMENTS: Final = {
    layout.CARD: Section.CARD,
    layout.SAFETY_CASE: Section.SAFETY_CASE,
    layout.CHANGE_PLAN: Section.PLAN,
}
DOCUMENTS: Final = frozenset(_DOCUMENTS)
_FILES: Final = {layout.MODEL: Section.WEIGHTS, layout.REFERENCE: Section.MONITORING}
_ORDER: Final = {section: place for place, section in enumerate(Section)}


@dataclass(frozen=True)
class Contents:
    """What is compared of a package: all of it but the bytes that only a digest can tell of.

    Attributes:
        manifest: in the form that Vigil runs.
        digests: SHA-256 of each file, by name.
        documents: the bytes of the files named in `DOCUMENTS`.
    """

    manifest: Mapping[str, Any]
    digests: Mapping[str, str]
    documents: Mapping[str, bytes]

    @classmethod
    def of(cls, package: ModelPackage) -> "Contents":
        return cls(
            package.manifest.as_json(),
            {name: sha256(data) for name, data in package.files.items()},
            {name: data for name, data in package.files.items() if name in DOCUMENTS},
        )


def compare_packages(before: ModelPackage, after: ModelPackage) -> tuple[Difference, ...]:
    """Return what differs, by section and then in the order of the documents.

    Raises:
        BrokenPackage: one of them has no readable manifest.
    """
    return compare(Contents.of(before), Contents.of(after))


def compare(before: Contents, after: Contents) -> tuple[Difference, ...]:
    """Return what differs, by section and then in the order of the documents."""
    found = [
        Difference(_section_of(path), path, *values)
        for path, values in _differing(before.manifest, after.manifest)
    ]
    names = {*before.digests, *after.digests} - {layout.MANIFEST, layout.SIGNATURE}
    for name in sorted(names):
        if before.digests.get(name) != after.digests.get(name):
            found += _in_file(name, before, after)
    return tuple(sorted(found, key=lambda difference: _ORDER[difference.section]))


def _in_file(name: str, before: Contents, after: Contents) -> Iterator[Difference]:
    section = _DOCUMENTS.get(name)
    if section is not None:
        had, has = (_data(name, one.documents.get(name)) for one in (before, after))
        if had is not None and has is not None:
            for path, values in _differing(had, has):
                yield Difference(section, path, *values)
            return
    golden = Section.GOLDEN if name.startswith("golden/") else Section.OTHER
    digests = before.digests.get(name), after.digests.get(name)
    yield Difference(section or _FILES.get(name, golden), name, *digests)


def _data(name: str, data: bytes | None) -> dict[str, Any] | None:
    """Return what a document says; None where it cannot be read, and its digest has to do."""
    try:
        return {} if data is None else read_yaml(data, name)
    except BrokenPackage:
        return None


def _differing(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    had, has = dict(_leaves(before)), dict(_leaves(after))
    for path in {**had, **has}:
        values = had.get(path), has.get(path)
        written = [None if value is None else json.dumps(value) for value in values]
        if written[0] != written[1]:
            shown = _shown(*values)
            yield path, shown


def _shown(before: Any, after: Any) -> tuple[str | None, str | None]:
    """Write two values for a reader; `1` and `"1"` keep their quotes where only those differ."""
    plain = [
        value if value is None or isinstance(value, str) else json.dumps(value)
        for value in (before, after)
    ]
    if plain[0] == plain[1]:
        return json.dumps(before), json.dumps(after)
    return plain[0], plain[1]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value with its path; nothing for null, and nothing for what is empty."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    elif value is not None:
        yield path, value


def _section_of(path: str) -> Section:
    return next((section for rule, section in _MANIFEST if rule.match(path)), Section.OTHER)
