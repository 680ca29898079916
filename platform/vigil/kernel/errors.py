"""Every error that Vigil raises on purpose.

    VigilError
      Invalid        422  the input breaks a rule; names the field and the remedy
      Unauthenticated 401  nobody is signed in
      Forbidden      403  somebody is, but may not
      NotFound       404  does not exist, or not for this reader
      Conflict       409  a rule of the state forbids it now
      Stale          412  somebody changed it meanwhile
      TooMany        429  too often in a short time; says how long to wait
      Unavailable    503  a part that is needed does not answer

A domain subclasses these next to the rule that raises them. An error's text never holds a
patient identifier: it reaches logs and screens.
"""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where it is, what is wrong, what to do about it."""

    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}. {self.remedy}"


class VigilError(Exception):
    status = 500
    title = "Something went wrong"
    exit_code = 1

    def __init__(self, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults

    @property
    def name(self) -> str:
        return type(self).__name__


class Invalid(VigilError):
    status = 422
    title = "The input is not valid"
    exit_code = 3

    @classmethod
    def because(cls, faults: list[Fault]) -> Self:
        """Build one error that names every fault at once."""
        return cls("; ".join(str(fault) for fault in faults), tuple(faults))


class Unauthenticated(VigilError):
    status = 401
    title = "Sign in first"
    exit_code = 6


class Forbidden(VigilError):
    status = 403
    title = "Not permitted"
    exit_code = 6


class NotFound(VigilError):
    status = 404
    title = "Not found"
    exit_code = 4


class Conflict(VigilError):
    status = 409
    title = "Not possible now"
    exit_code = 5


class Stale(VigilError):
    status = 412
    title = "Somebody changed it meanwhile"
    exit_code = 5


class TooMany(VigilError):
    status = 429
    title = "Too often"
    exit_code = 5

    def __init__(self, detail: str, *, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class Unavailable(VigilError):
    status = 503
    title = "Not reachable"
    exit_code = 7
