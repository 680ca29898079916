"""References, as JSON: list them, and sign a new one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from surveillance.records import baseline, embedding, inputs, package
from surveillance.references import service
from surveillance.references.cases import Case
from surveillance.references.models import Reference, ReferenceSource, ReferenceStatus
from surveillance.references.service import Baseline
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(
    prefix="/api/v1/surveillance/references", tags=["surveillance"], route_class=ApiRoute
)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


class CaseIn(BaseModel):
    """One case of a validation set: its score and the group it belongs to."""

    model_config = ConfigDict(extra="forbid")
    score: float
    sex: str | None = None
    age_band: str | None = None
    manufacturer: str | None = None
    view: str | None = None
    truth: bool | None = None

    def as_case(self, threshold: float) -> Case:
        levels = {k: v for k, v in self.model_dump(exclude={"score", "truth"}).items() if v}
        return Case(self.score, self.score >= threshold, levels, self.truth)


class FromCases(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version_id: str
    site_id: str | None = None
    finding_key: str
    threshold: float
    cases: Annotated[Sequence[CaseIn], Field(max_length=200_000)]
    decided: int = 0
    overridden: int = 0
    effective_from: date | None = None
    reason: Reason


class FromRecords(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version_id: str
    site_id: str
    finding_key: str
    first: Annotated[int, Field(ge=1, le=200_000)]
    reason: Reason


class FromRuns(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version_id: str
    site_id: str
    first: Annotated[int, Field(ge=1, le=200_000)]
    reason: Reason


class ReferenceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: str
    version_id: str
    site_id: str | None
    finding_key: str
    n: int
    flag_rate: float
    override_rate: float | None
    source: ReferenceSource
    status: ReferenceStatus
    effective_from: date
    set_by: str
    set_at: datetime
    reason: str
    supersedes_id: str | None


@router.get("")
def list_references(
    session: Reading, actor: Watcher, version_id: str | None = None
) -> list[ReferenceOut]:
    rows = service.references(session, actor, version_id)
    return [ReferenceOut.model_validate(row) for row in rows]


@router.post("", status_code=201)
def set_reference(
    *, session: Writing, actor: Runner, parts: PartsDep, body: FromCases, response: Response
) -> ReferenceOut:
    row = baseline.set_from_cases(
        session,
        actor,
        parts.objects,
        version_id=body.version_id,
        site_id=body.site_id,
        finding_key=body.finding_key,
        cases=[case.as_case(body.threshold) for case in body.cases],
        baseline=Baseline(body.decided, body.overridden),
        effective_from=body.effective_from,
        reason=body.reason,
    )
    return _created(row, response)


@router.post("/from-records", status_code=201)
def set_reference_from_records(
    *, session: Writing, actor: Runner, parts: PartsDep, body: FromRecords, response: Response
) -> ReferenceOut:
    row = baseline.set_from_records(session, actor, parts.objects, **body.model_dump())
    return _created(row, response)


class InputsOut(BaseModel):
    """The references that were set, and why each number that has none got none."""

    references: list[ReferenceOut]
    left_out: dict[str, str]


@router.post("/inputs", status_code=201)
def set_references_of_inputs(
    *, session: Writing, actor: Runner, parts: PartsDep, body: FromRuns, response: Response
) -> InputsOut:
    """Set the site's references of inputs, and of what the model sees or says as a whole."""
    asked = body.model_dump()
    about = {name: value for name, value in asked.items() if name != "reason"}
    vectors = embedding.collect(session, actor, parts.objects, **about)
    found = inputs.set_from_records(session, actor, parts.objects, vectors=vectors, **asked)
    rows = [ReferenceOut.model_validate(row) for row in found.references]
    response.headers["Location"] = router.prefix
    return InputsOut(references=rows, left_out=dict(found.left_out))


class FromPackage(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version_id: str
    reason: Reason


@router.post("/from-package", status_code=201)
def set_references_from_package(
    *, session: Writing, actor: Runner, parts: PartsDep, body: FromPackage, response: Response
) -> InputsOut:
    """Set the supplier's references from the validation set in the package."""
    # A second session to write with would wait for this one for ever.
    sets = package.read(session, actor, parts.objects, body.version_id)
    found = package.set_references(
        session, actor, parts.objects, version_id=body.version_id, sets=sets, reason=body.reason
    )
    rows = [ReferenceOut.model_validate(row) for row in found.references]
    response.headers["Location"] = router.prefix
    return InputsOut(references=rows, left_out=dict(found.left_out))


@router.get("/{reference_id}")
def get_reference(session: Reading, actor: Watcher, reference_id: str) -> ReferenceOut:
    return ReferenceOut.model_validate(service.reference(session, actor, reference_id))


def _created(row: Reference, response: Response) -> ReferenceOut:
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return ReferenceOut.model_validate(row)
