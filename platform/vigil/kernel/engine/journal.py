"""How arguments, outcomes and errors are written down: JSON that can be read again, never pickle.

An error is kept by its type, and by its text only if it is Vigil's own: the text of a foreign one
may quote the data that caused it (design invariant 8).
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from dbos import Serializer
from dbos._error import DBOSMaxStepRetriesExceeded

from vigil.kernel.engine.errors import BODY, StepFailed
from vigil.kernel.engine.queue import Outcome
from vigil.kernel.errors import Fault, VigilError

_ERROR = "vigil.error"


class JsonSerializer(Serializer):
    def name(self) -> str:
        return "vigil_json"

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {_ERROR: _describe(data)}
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    def deserialize(self, serialized_data: str) -> Any:
        value = json.loads(serialized_data)
        if isinstance(value, dict) and _ERROR in value:
            return _rebuild(value[_ERROR])
        return value


def plain(outcome: Outcome) -> Outcome:
    """Return what a replay would read: a tuple as a list; what is not JSON is an error."""
    return cast("Outcome", json.loads(json.dumps(outcome, allow_nan=False)))


def step_failed(error: DBOSMaxStepRetriesExceeded) -> StepFailed:
    """Return Vigil's name for DBOS's error, the same in the first execution and in a replay."""
    return StepFailed(error.step_name, type(error.errors[-1]).__name__, len(error.errors))


def read_error(text: str | None) -> VigilError | None:
    """Return the error that the ledger keeps for failed work."""
    return _rebuild(json.loads(text).get(_ERROR, {})) if text else None


def _describe(error: BaseException) -> dict[str, Any]:
    if isinstance(error, DBOSMaxStepRetriesExceeded):
        error = step_failed(error)
    kind = type(error)
    described: dict[str, Any] = {"type": kind.__name__, "module": kind.__module__}
    if isinstance(error, StepFailed):
        described |= {"step": error.step, "cause": error.cause, "attempts": error.attempts}
    elif isinstance(error, VigilError):
        faults = [[fault.field, fault.problem, fault.remedy] for fault in error.faults]
        described |= {"detail": error.detail, "faults": faults}
    return described


def _rebuild(described: dict[str, Any]) -> VigilError:
    """Make the error again: only ever one of Vigil's own classes, found by name among them."""
    if "step" in described:
        return StepFailed(described["step"], described["cause"], described["attempts"])
    named = (described.get("module"), described.get("type"))
    for kind in _kinds(VigilError):
        if (kind.__module__, kind.__name__) == named:
            error = kind.__new__(kind)
            faults = tuple(Fault(*parts) for parts in described["faults"])
            VigilError.__init__(error, described["detail"], faults)
            return error
    return StepFailed(BODY, str(described.get("type")), 1)


def _kinds(kind: type[VigilError]) -> Iterator[type[VigilError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)
