"""Routing over HTTP: revisions of a site's rules, and why a study was or was not sent."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from inference.routing import repository, service
from inference.routing.models import RoutingDecision, RoutingRevision
from inference.routing.rules import Rule
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/routing", tags=["routing"], route_class=ApiRoute)
Reader = Annotated[Actor, Depends(allowed(Permission.STUDY_READ))]
Author = Annotated[Actor, Depends(allowed(Permission.RULE_WRITE))]
Publisher = Annotated[Actor, Depends(allowed(Permission.RULE_PUBLISH))]


class Draft(Body):
    site: str = Field(description="ODS code of the site", examples=["RXX01"])
    rules: list[Rule]
    reason: str


class Publication(Body):
    reason: str


@router.get("/revisions")
def revisions(session: Reading, reader: Reader, site: str) -> Sequence[RoutingRevision]:
    """List a site's revisions, newest first."""
    return repository.revisions(session, reader, identity.site(session, reader, site).id)


@router.post("/revisions", status_code=201)
def draft(session: Writing, author: Author, body: Draft, response: Response) -> RoutingRevision:
    """Draft the next revision of a site's rules."""
    site = identity.site(session, author, body.site)
    made = service.draft(session, author, site_id=site.id, rules=body.rules, reason=body.reason)
    response.headers["Location"] = f"/api/v1/routing/revisions?site={body.site}"
    return made


@router.post("/revisions/{revision_id}/publication", status_code=204)
def publish(session: Writing, publisher: Publisher, revision_id: str, body: Publication) -> None:
    """Put a draft in force; not for the person who drafted it."""
    service.publish(session, publisher, revision_id=revision_id, reason=body.reason)


@router.get("/decisions")
def decisions(session: Reading, reader: Reader, study_id: str) -> Sequence[RoutingDecision]:
    """Tell why a study was, or was not, sent."""
    return repository.decisions(session, reader, study_id)
