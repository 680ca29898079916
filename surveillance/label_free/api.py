"""The label-free view, as JSON: estimates with their blind spot, in one sentence."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from surveillance.label_free import service
from surveillance.label_free.estimates import BLIND_SPOT, NAMES, View
from surveillance.measures.intervals import Interval
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(
    prefix="/api/v1/surveillance/label-free", tags=["surveillance"], route_class=ApiRoute
)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]


class EstimateOut(BaseModel):
    estimate: float
    interval_low: float
    interval_high: float

    @classmethod
    def of(cls, interval: Interval) -> "EstimateOut":
        return cls(
            estimate=interval.estimate, interval_low=interval.low, interval_high=interval.high
        )


class ViewOut(BaseModel):
    """One finding. `estimates` is empty where `unavailable` says why."""

    finding_key: str
    sentence: str
    blind_spot: str
    unavailable: str | None
    reference_id: str | None
    days: int
    cases: int
    left_out: int
    other_reference: int
    labelled: int
    reference_area: float | None
    flag_rate: EstimateOut | None
    estimates: dict[str, EstimateOut]

    @classmethod
    def of(cls, view: View) -> "ViewOut":
        found = view.estimates
        intervals = {name: getattr(found, name) for name in NAMES} if found else {}
        return cls(
            finding_key=view.finding_key,
            sentence=view.sentence,
            blind_spot=BLIND_SPOT,
            unavailable=view.unavailable,
            reference_id=view.reference_id,
            days=view.days,
            cases=view.cases,
            left_out=view.left_out,
            other_reference=view.other_reference,
            labelled=view.labelled,
            reference_area=view.reference_area,
            flag_rate=EstimateOut.of(found.flag_rate) if found and found.flag_rate else None,
            estimates={name: EstimateOut.of(each) for name, each in intervals.items() if each},
        )


@router.get("")
def list_label_free(
    *,
    session: Reading,
    actor: Watcher,
    version_id: str,
    site_id: str,
    from_day: date,
    to_day: date,
) -> list[ViewOut]:
    found = service.views(
        session, actor, version_id=version_id, site_id=site_id, from_day=from_day, to_day=to_day
    )
    return [ViewOut.of(view) for view in found]
