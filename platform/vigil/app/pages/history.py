"""What was live where on any day, who switched it and why: as a page, and as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from model_registry.catalogue import service as catalogue
from model_registry.catalogue.api import place_of, position_of
from model_registry.catalogue.models import Happening, Standing
from model_registry.catalogue.service import Span
from model_registry.deployments.models import DeploymentPeriod, Mode
from model_registry.versions import service as versions
from model_registry.versions.models import Model
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity import service as sites
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import Page, render
from vigil.kernel.web.words import READERS_ZONE, in_words

router = APIRouter(include_in_schema=False)
RegistryReader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
CSV_ROWS = 5000
_SHOWN = 6
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("at", "until", "what", "version", "site", "by", "reason")


@dataclass(frozen=True)
class Asked:
    """The filters as they were typed; `on` asks how it stood at the end of that day."""

    site: str = ""
    since: str = ""
    until: str = ""
    on: str = ""

    def span(self, session: ReadSession, reader: Actor) -> Span:
        last = _day("until", self.until)
        return Span(
            sites.site(session, reader, self.site).id if self.site else None,
            _day("since", self.since),
            last + timedelta(days=1) - timedelta(microseconds=1) if last else None,
        )

    def instant(self) -> datetime | None:
        day = _day("on", self.on)
        return None if day is None else day + timedelta(days=1) - timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class HistoryPage(Page):
    template: ClassVar[str] = "app/history.html"
    model: Model
    asked: Asked
    standing: Standing | None
    in_use: Sequence[DeploymentPeriod]
    happenings: Sequence[Happening]
    labels: Mapping[str, str]
    sites: Mapping[str, Site]
    next_url: str | None
    csv_url: str

    def who(self, by: str, label: str | None) -> str:
        return who(by, label)


def asked(
    site: Annotated[str, Query(max_length=40)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    on: Annotated[str, Query(max_length=10)] = "",
) -> Asked:
    return Asked(*(text.strip() for text in (site, since, until, on)))


AskedDep = Annotated[Asked, Depends(asked)]


@router.get("/models/{model_id}/history")
def history(
    request: Request,
    session: Reading,
    reader: RegistryReader,
    cursor: CursorDep,
    model_id: str,
    wanted: AskedDep,
) -> Response:
    model = versions.model(session, reader, model_id)
    span, instant = wanted.span(session, reader), wanted.instant()
    found = catalogue.history(
        session,
        reader,
        model_id=model.id,
        span=span,
        before=place_of(cursor),
        limit=cursor.limit + 1,
    )
    shown, following = cursor.cut(found, position_of)
    standing = _standing(session, reader, model, instant, span.site_id)
    page = HistoryPage(
        title=f"History of {model.title}",
        model=model,
        asked=wanted,
        standing=standing,
        in_use=_in_use(standing),
        happenings=shown,
        labels=catalogue.labels(session, model),
        sites=_sites(session, reader, shown, standing),
        next_url=next_url(request, following) if following else None,
        csv_url=f"/models/{model.id}/history.csv?{request.url.query}",
    )
    return render(request, page)


@router.get("/models/{model_id}/history.csv")
def history_csv(
    session: Reading, reader: RegistryReader, model_id: str, wanted: AskedDep
) -> Response:
    """Give the same list as the page, all of it, for a spreadsheet."""
    model = versions.model(session, reader, model_id)
    span = wanted.span(session, reader)
    found = catalogue.history(session, reader, model_id=model.id, span=span, limit=CSV_ROWS)
    labels, known = catalogue.labels(session, model), _sites(session, reader, found, None)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    for one in found:
        rows.writerow(
            [
                one.at.isoformat(timespec="seconds"),
                one.until.isoformat(timespec="seconds") if one.until else "",
                _cell(one.what),
                _cell(labels.get(one.version_id, one.version_id)),
                known[one.site_id].ods_code if one.site_id else "",
                _cell(one.by_label),
                _cell(one.reason),
            ]
        )
    name = f'attachment; filename="history-{model.name}.csv"'
    return Response(text.getvalue(), media_type="text/csv", headers={"Content-Disposition": name})


def who(by: str, label: str | None) -> str:
    """Return who did it, short, as the audit does: the role, and the end of the identifier."""
    kind, is_id, rest = by.partition("_")
    short = f"{kind} …{rest[-_SHOWN:]}" if is_id and len(rest) > _SHOWN else by
    _, found, roles = (label or "").partition(" (")
    named = ", ".join(in_words(role) for role in roles.rstrip(")").split(", ") if role)
    if found and named:
        return f"{named}, {short}"
    return label if label and label != by else short


def _standing(
    session: ReadSession,
    reader: Actor,
    model: Model,
    instant: datetime | None,
    site_id: str | None,
) -> Standing | None:
    if instant is None:
        return None
    return catalogue.standing(session, reader, model_id=model.id, at=instant, site_id=site_id)


def _in_use(standing: Standing | None) -> list[DeploymentPeriod]:
    """Return what was not retired, live ones first."""
    found = [p for p in standing.periods if p.mode is not Mode.RETIRED] if standing else []
    return sorted(found, key=lambda period: (period.mode is not Mode.LIVE, period.mode))


def _sites(
    session: ReadSession, reader: Actor, found: Sequence[Happening], standing: Standing | None
) -> dict[str, Site]:
    """Return the sites that are spoken of; a supplier's are those that use its model."""
    known = {site.id: site for site in identity.sites(session, reader)}
    named = {one.site_id for one in found if one.site_id}
    named |= {period.site_id for period in standing.periods} if standing else set()
    return known | {one: session.get_one(Site, one) for one in sorted(named - set(known))}


def _day(name: str, text: str) -> datetime | None:
    """Read a day as the readers' clocks have it.

    Raises:
        Invalid: it is none.
    """
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(READERS_ZONE))
    except ValueError:
        fault = Fault(name, "not a day", "Write it as 2026-11-21")
        raise Invalid.because([fault]) from None


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
