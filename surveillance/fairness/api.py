"""Gaps between groups, as JSON and CSV."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from surveillance.fairness import rows, service
from surveillance.fairness.kinds import Method
from surveillance.fairness.rows import GapRow
from surveillance.fairness.service import Fairness
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed
from vigil.kernel.web.route import ApiRoute
from vigil.kernel.web.spreadsheet import as_csv

router = APIRouter(
    prefix="/api/v1/surveillance/fairness", tags=["surveillance"], route_class=ApiRoute
)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]


class FairnessOut(BaseModel):
    """The gaps of a version, the loudest first.

    `looks` is how many were judged together; `alone` are the axes on which every case is of one
    level. Of `cases` findings, `labelled` are what performance is of.
    """

    version_id: str
    site_id: str | None
    from_day: date
    to_day: date
    method: Method
    looks: int
    cases: int
    labelled: int
    withheld: int
    sampled: bool
    alone: list[str]
    gaps: list[GapRow]

    @classmethod
    def of(cls, found: Fairness) -> "FairnessOut":
        return cls(
            version_id=found.version.id,
            site_id=found.site_id,
            from_day=found.period.from_day,
            to_day=found.period.to_day,
            method=found.method,
            looks=found.looks,
            cases=found.cases,
            labelled=found.labelled,
            withheld=found.withheld,
            sampled=found.sampled,
            alone=list(found.alone),
            gaps=[rows.of(found.version, each) for each in found.found],
        )


@router.get("", response_model=FairnessOut)
def list_gaps(
    *,
    session: Reading,
    actor: Watcher,
    parts: PartsDep,
    version_id: str,
    site_id: str | None = None,
    finding: str | None = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    method: Method = Method.COUNTS,
    as_: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Any:
    found = service.fairness(
        session,
        actor,
        parts.objects,
        version_id=version_id,
        site_id=site_id,
        finding_key=finding,
        from_day=from_day,
        to_day=to_day,
        method=method,
    )
    return FairnessOut.of(found) if as_ == "json" else csv_of(found)


def csv_of(found: Fairness) -> Response:
    names = [*GapRow.model_fields]
    told = (rows.of(found.version, each).model_dump(mode="json") for each in found.found)
    return as_csv("fairness", names, ([row[name] for name in names] for row in told))
