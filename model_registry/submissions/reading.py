"""What a package says of itself, task by task, and what is wrong with it.

A package is read once, when all of it has come; pages and the API show what was found then. Whether
its label is free and its supplier the right one is asked anew each time: others act meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from model_registry.packages import checks
from model_registry.packages.archive import ModelPackage
from model_registry.packages.documents import CardDocument, SafetyCaseDocument
from vigil.kernel.errors import Fault, Invalid

MAX_FAULTS: Final = 100
Document = TypeVar("Document")


@dataclass(frozen=True)
class Reading:
    """A package as it was read. A document that cannot be read is None, and a fault says why."""

    files: dict[str, int] = field(default_factory=dict)
    manifest: dict[str, Any] | None = None
    card: dict[str, Any] | None = None
    safety_case: dict[str, Any] | None = None
    faults: tuple[Fault, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "manifest": self.manifest,
            "card": self.card,
            "safety_case": self.safety_case,
            "faults": [[f.field, f.problem, f.remedy] for f in self.faults],
        }

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> "Reading":
        return cls(**{**kept, "faults": tuple(Fault(*fault) for fault in kept["faults"])})


def read_archive(data: bytes) -> Reading:
    """Read a package that a stranger made; whatever is wrong with it is a fault, never an error."""
    try:
        package = ModelPackage.from_zip(data)
    except Invalid as error:
        return Reading(faults=error.faults[:MAX_FAULTS])
    manifest = _or_none(lambda: package.manifest)
    card = _or_none(lambda: package.card)
    case = _or_none(lambda: package.safety_case)
    return Reading(
        files={name: len(content) for name, content in sorted(package.files.items())},
        manifest=manifest.as_json() if manifest else None,
        card=card.model_dump(mode="json", include=set(CardDocument.model_fields)) if card else None,
        safety_case=(
            case.model_dump(mode="json", include=set(SafetyCaseDocument.model_fields))
            if case
            else None
        ),
        faults=tuple(checks.check(package)[:MAX_FAULTS]),
    )


def _or_none(read: Callable[[], Document]) -> Document | None:
    try:
        return read()
    except Invalid:
        return None
