"""The verdict of a check: passed, failed or not reached, with its evidence, numbers and time."""

from dataclasses import dataclass, field
from typing import Any, Self

from model_registry.admission.models import Status
from vigil.kernel.errors import Fault


@dataclass(frozen=True)
class Verdict:
    """What one check found, and how long it took.

    `facts` holds the numbers of the evidence; `supplier_key_id` the key of a signature.
    """

    name: str
    passed: bool
    evidence: str
    seconds: float
    status: Status | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    supplier_key_id: str | None = None

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Read what `dataclasses.asdict` and JSON made of one."""
        status = kept.get("status")
        return cls(**{**kept, "status": Status(status) if status else None})

    @property
    def state(self) -> Status:
        return self.status or (Status.PASSED if self.passed else Status.FAILED)


@dataclass(frozen=True)
class Found:
    """The evidence of a check that passed."""

    evidence: str
    facts: dict[str, Any] = field(default_factory=dict)
    supplier_key_id: str | None = None


class Failed(Exception):
    """The check's answer is no; the text is its evidence."""

    def __init__(
        self,
        evidence: str,
        supplier_key_id: str | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(evidence)
        self.supplier_key_id = supplier_key_id
        self.facts = facts or {}


def refuse(faults: list[Fault]) -> None:
    """Fail with every fault, or go on where there is none."""
    if faults:
        raise Failed("; ".join(str(fault) for fault in faults))
