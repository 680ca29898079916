"""Streams, overrides and the supplier's view, as JSON."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from surveillance.alerts.models import StreamKind
from surveillance.streams import service, supplier
from surveillance.streams.assessment import Verdict
from surveillance.streams.evaluation import evaluate
from surveillance.streams.overview import StreamView, overview
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, SignedInDep, Writing, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/surveillance", tags=["surveillance"], route_class=ApiRoute)
Watcher = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_READ))]
Runner = Annotated[Actor, Depends(allowed(Permission.SURVEILLANCE_RUN))]


class StreamOut(BaseModel):
    """One stream. Without enough data it has a shortage and no estimate."""

    version_id: str
    site_id: str
    finding_key: str
    stream: StreamKind
    verdict: Verdict
    sentence: str
    n: int
    shortage: str | None
    estimate: float | None
    interval_low: float | None
    interval_high: float | None
    baseline: float | None
    tolerated_low: float | None
    tolerated_high: float | None
    e_value: float
    window_from: date | None
    window_to: date | None
    alert_id: str | None

    @classmethod
    def of(cls, view: StreamView) -> "StreamOut":
        found = view.assessment
        interval, bounds, window = found.interval, found.bounds, found.window
        return cls(
            version_id=found.version_id,
            site_id=found.site_id,
            finding_key=found.finding_key,
            stream=found.stream,
            verdict=view.verdict,
            sentence=view.sentence,
            n=found.n,
            shortage=str(found.shortage) if found.shortage else None,
            estimate=interval.estimate if interval else None,
            interval_low=interval.low if interval else None,
            interval_high=interval.high if interval else None,
            baseline=bounds.baseline if bounds else None,
            tolerated_low=bounds.low if bounds else None,
            tolerated_high=bounds.high if bounds else None,
            e_value=found.e_value,
            window_from=window[0] if window else None,
            window_to=window[1] if window else None,
            alert_id=view.alert.id if view.alert else None,
        )


class OverridesOut(BaseModel):
    """Overrides with every denominator on the way."""

    eligible: int
    analysed: int
    shown: int
    decided: int
    override_fp: int
    override_fn: int
    rate: float | None
    interval_low: float | None
    interval_high: float | None


class CellOut(BaseModel):
    """A sum over all sites; null where it is withheld because it is small."""

    finding_key: str
    axis: str
    level: str
    n: int | None
    flagged: int | None
    decided: int | None
    overridden: int | None


class EvaluationIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})
    day: date | None = Field(default=None, description="the last day that counts; today")


class EvaluationOut(BaseModel):
    day: date
    verdicts: dict[Verdict, int]
    alerts: list[str]


@router.get("/streams")
def list_streams(
    *,
    session: Reading,
    actor: Watcher,
    version_id: str | None = None,
    site_id: str | None = None,
    day: date | None = None,
) -> list[StreamOut]:
    when = day or session.now().date()
    views = overview(session, actor, day=when, version_id=version_id, site_id=site_id)
    return [StreamOut.of(view) for view in views]


@router.get("/overrides")
def summarise_overrides(
    *,
    session: Reading,
    actor: Watcher,
    version_id: str,
    site_id: str,
    from_day: date,
    to_day: date,
) -> OverridesOut:
    found = service.override_summary(
        session, actor, version_id=version_id, site_id=site_id, from_day=from_day, to_day=to_day
    )
    facts = {name: value for name, value in vars(found).items() if name != "rate"}
    rate = found.rate
    return OverridesOut(
        **facts,
        rate=rate.estimate if rate else None,
        interval_low=rate.low if rate else None,
        interval_high=rate.high if rate else None,
    )


@router.get("/versions/{version_id}/summary")
def summarise_version(session: Reading, actor: SignedInDep, version_id: str) -> list[CellOut]:
    return [CellOut(**vars(cell)) for cell in supplier.of_version(session, actor, version_id)]


@router.post("/evaluations", status_code=201)
def run_evaluation(
    session: Writing, actor: Runner, parts: PartsDep, body: EvaluationIn
) -> EvaluationOut:
    day = body.day or session.now().date()
    judged, raised = evaluate(session, actor, parts.events, day=day)
    verdicts = {v: sum(each.verdict is v for each in judged) for v in Verdict}
    return EvaluationOut(day=day, verdicts=verdicts, alerts=[alert.id for alert in raised])
