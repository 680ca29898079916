"""The catalogue over HTTP: models, how they stand at sites, and their history."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict

from model_registry.catalogue import service
from model_registry.catalogue.models import Filters, Kind, Line
from model_registry.catalogue.service import Span
from model_registry.deployments.models import Mode
from model_registry.versions import service as versions
from model_registry.versions.models import VersionStatus
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.page import Cursor, CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/models", tags=["models"], route_class=ApiRoute)
Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
SiteCode = Annotated[str | None, Query(description="ODS code of a site")]
Instant = Annotated[AwareDatetime | None, Query(description="an instant, with its offset from UTC")]


class ModelFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    organisation_id: str
    name: str
    title: str


class ModelLine(ModelFacts):
    """A model with its newest version, its aliases, and at how many of your sites it is live."""

    supplier: str
    supplier_code: str
    versions: int
    newest_version_id: str
    newest_version: str
    status: VersionStatus
    aliases: dict[str, str]
    live_sites: int

    @classmethod
    def of(cls, line: Line) -> "ModelLine":
        return cls(
            **ModelFacts.model_validate(line.model).model_dump(),
            supplier=line.supplier,
            supplier_code=line.supplier_code,
            versions=line.versions,
            newest_version_id=line.newest.id,
            newest_version=line.newest.version,
            status=line.newest.status,
            aliases=dict(line.aliases),
            live_sites=line.live_sites,
        )


class PlaceView(BaseModel):
    """A version at a site, as it stood."""

    model_config = ConfigDict(from_attributes=True)

    deployment_id: str
    site_id: str
    version_id: str
    mode: Mode
    share: int
    thresholds: dict[str, float]
    from_at: datetime
    to_at: datetime | None
    by: str
    by_label: str | None
    reason: str


class AliasThen(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    version_id: str
    set_at: datetime
    set_by: str
    set_by_label: str
    reason: str


class StandingView(BaseModel):
    """How a model stood at an instant; `statuses` is each version's status then."""

    at: datetime
    places: list[PlaceView]
    aliases: list[AliasThen]
    statuses: dict[str, VersionStatus]


class HappeningView(BaseModel):
    """Something that was done to a model."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    id: str
    kind: Kind
    what: str
    version_id: str
    site_id: str | None
    by: str
    by_label: str
    reason: str
    until: datetime | None


def filters(
    supplier: Annotated[str | None, Query(description="the supplier's code")] = None,
    status: Annotated[VersionStatus | None, Query(description="of the newest version")] = None,
    text: Annotated[str | None, Query(max_length=100, description="part of a name")] = None,
) -> Filters:
    return Filters(supplier or None, status, (text or "").strip() or None)


def place_of(cursor: Cursor) -> tuple[datetime, str] | None:
    """Read where a history goes on: the instant and the id of the last one given.

    Raises:
        Invalid: the cursor is another list's.
    """
    if cursor.after is None:
        return None
    try:
        at, last = cursor.after
        return datetime.fromisoformat(at), str(last)
    except (TypeError, ValueError):
        fault = Fault("cursor", "not one of this list", "Take next_cursor of the last answer")
        raise Invalid.because([fault]) from None


def position_of(one: Any) -> tuple[str, str]:
    return one.at.isoformat(), one.id


@router.get("")
def list_models(
    request: Request,
    response: Response,
    *,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    wanted: Annotated[Filters, Depends(filters)],
) -> Listing[ModelLine]:
    found = service.lines(session, actor, wanted, before=cursor.after, limit=cursor.limit + 1)
    items, next_cursor = cursor.cut(found, lambda line: line.model.id)
    link_next(request, response, next_cursor)
    return Listing(items=[ModelLine.of(line) for line in items], next_cursor=next_cursor)


@router.get("/{model_id}")
def show_model(model_id: str, session: Reading, actor: Reader) -> ModelFacts:
    return ModelFacts.model_validate(versions.model(session, actor, model_id))


@router.get("/{model_id}/standing")
def show_standing(
    model_id: str,
    session: Reading,
    actor: Reader,
    at: Instant = None,
    site: SiteCode = None,
) -> StandingView:
    """Say what was live, canary or shadow where at an instant, by whom and why; or now."""
    site_id = identity.site(session, actor, site).id if site else None
    found = service.standing(session, actor, model_id=model_id, at=at, site_id=site_id)
    return StandingView(
        at=found.at,
        places=[PlaceView.model_validate(period) for period in found.periods],
        aliases=[AliasThen.model_validate(alias) for alias in found.aliases],
        statuses=dict(found.statuses),
    )


@router.get("/{model_id}/history")
def show_history(
    request: Request,
    response: Response,
    model_id: str,
    *,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    site: SiteCode = None,
    since: Instant = None,
    until: Instant = None,
) -> Listing[HappeningView]:
    """List what was done to a model, the newest first: switched, approved, named."""
    site_id = identity.site(session, actor, site).id if site else None
    found = service.history(
        session,
        actor,
        model_id=model_id,
        span=Span(site_id, since, until),
        before=place_of(cursor),
        limit=cursor.limit + 1,
    )
    items, next_cursor = cursor.cut(found, position_of)
    link_next(request, response, next_cursor)
    return Listing(
        items=[HappeningView.model_validate(one) for one in items], next_cursor=next_cursor
    )
