"""The likely causes of an alert, as JSON."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from surveillance.causes import service
from surveillance.causes.cause import CauseKind
from surveillance.causes.ranking import Explanation
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]


class CauseOut(BaseModel):
    """A likely cause. Shares of causes overlap: they are no parts of one whole."""

    rank: int
    kind: CauseKind
    share: float
    share_less_error: float
    sentence: str
    numbers: dict[str, float | str]
    axis: str
    levels: list[str]
    studies: list[str]


class ExplanationOut(BaseModel):
    """The causes, likeliest first; the last is what nothing explains."""

    alert_id: str
    before: float | None
    since: float | None
    n_before: int
    n_since: int
    stage: str
    problem: str
    causes: list[CauseOut]

    @classmethod
    def of(cls, alert_id: str, found: Explanation) -> "ExplanationOut":
        return cls(
            alert_id=alert_id,
            before=found.before,
            since=found.since,
            n_before=found.n_before,
            n_since=found.n_since,
            stage=found.stage,
            problem=found.problem,
            causes=[
                CauseOut(
                    rank=rank,
                    kind=cause.kind,
                    share=round(cause.share, 4),
                    share_less_error=round(cause.sure, 4),
                    sentence=cause.sentence,
                    numbers=dict(cause.numbers),
                    axis=cause.axis,
                    levels=list(cause.levels),
                    studies=list(cause.studies),
                )
                for rank, cause in enumerate(found.causes, start=1)
            ],
        )


@router.get("/{alert_id}/causes")
def list_causes(session: Reading, actor: Watcher, parts: PartsDep, alert_id: str) -> ExplanationOut:
    return ExplanationOut.of(alert_id, service.causes(session, actor, parts.objects, alert_id))
