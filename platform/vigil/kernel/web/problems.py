"""Every error as RFC 9457 problem details, and the page that each problem's type leads to.

A problem names the field, what is wrong and what to do; it never repeats the value that was sent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from vigil.kernel.errors import Fault, Invalid, NotFound, TooMany, VigilError

MEDIA_TYPE = "application/problem+json"
MEANINGS = {
    401: "Nobody is signed in, or the token is not accepted. Sign in, or send a valid token.",
    403: "You are signed in but may not do this. Ask an administrator for the permission.",
    404: "It does not exist, or not for you. Look for it in the list that you may read.",
    409: "A rule forbids it in the present state. Look at the state, then decide again.",
    412: "Somebody changed it after you opened it. Open it again and repeat your change.",
    413: "It is larger than this installation takes. Make it smaller, or ask the operator.",
    415: "The body is of another kind than this address takes. Send the Content-Type it names.",
    422: "The input breaks a rule. Each entry of `errors` names the field and the remedy.",
    428: "Say in If-Match which revision you changed: send the ETag that you were given.",
    429: "It was tried too often in a short time. Wait as long as Retry-After says.",
    500: "A fault in Vigil. Nothing was saved. Tell the operator the time at which it happened.",
    503: "A part that is needed does not answer. Nothing was saved. Try again shortly.",
}
_REMEDIES = {
    "missing": "Give this field",
    "json_invalid": "Send well-formed JSON",
    "extra_forbidden": "Leave this field out",
}


@dataclass(frozen=True)
class Problem:
    """One problem as it is answered."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> JSONResponse:
        body: dict[str, Any] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.faults:
            body["errors"] = [
                {"pointer": _pointer(f.field), "detail": f.problem, "remedy": f.remedy}
                for f in self.faults
            ]
        return JSONResponse(body, self.status, dict(self.headers), media_type=MEDIA_TYPE)


@dataclass(frozen=True)
class Meaning:
    """What a problem's page says."""

    name: str
    status: int
    title: str
    text: str


def of_error(error: VigilError) -> Problem:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
    if isinstance(error, TooMany):
        headers = {"Retry-After": str(error.seconds)}
    return Problem(
        error.status, error.title, error.detail, _type(type(error)), error.faults, headers
    )


def of_http(error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return of_error(NotFound("There is nothing at this address."))
    title = HTTPStatus(error.status_code).phrase
    return Problem(error.status_code, title, error.detail, headers=error.headers or {})


def of_validation(error: RequestValidationError) -> Problem:
    return of_error(Invalid.because([_fault(found) for found in error.errors()]))


def of_failure() -> Problem:
    return of_error(VigilError(MEANINGS[500]))


def meanings() -> list[Meaning]:
    """List every kind of problem that this installation can answer with, by name."""
    return sorted((_meaning(kind) for kind in _kinds(VigilError)), key=lambda known: known.name)


def meaning(name: str) -> Meaning:
    """Return what the problem `name` means.

    Raises:
        NotFound: no problem has this name.
    """
    for known in meanings():
        if known.name == name:
            return known
    raise NotFound("No problem has this name.")


def _meaning(kind: type[VigilError]) -> Meaning:
    return Meaning(_name(kind), kind.status, kind.title, MEANINGS[kind.status])


def _kinds(kind: type[VigilError]) -> list[type[VigilError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in _kinds(below))]


def _type(kind: type[VigilError]) -> str:
    return f"/problems/{_name(kind)}"


def _name(kind: type[VigilError]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def _fault(found: Mapping[str, Any]) -> Fault:
    kind, text = str(found["type"]), str(found["msg"])
    if kind.endswith("_parsing"):
        # What follows the comma quotes characters of the value.
        text = text.partition(",")[0]
    return Fault(_field(found["loc"]), text, _REMEDIES.get(kind, "Correct it and send it again"))


def _field(place: Sequence[object]) -> str:
    """Return the dotted name of a body's field; of a parameter, where it stands as well."""
    parts = [str(part) for part in place]
    return ".".join(parts[1:] if parts[0] == "body" and len(parts) > 1 else parts)


def _pointer(name: str) -> str:
    """Return a JSON pointer (RFC 6901, fragment form) for a field written with dots."""
    return "#/" + name.replace("~", "~0").replace("/", "~1").replace(".", "/")
