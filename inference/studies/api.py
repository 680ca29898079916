"""Studies over HTTP: list, show. Only a single study says which study it is in DICOM's terms."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from inference.studies import repository, service
from inference.studies.models import Closing, Instance, Study, StudyState
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/studies", tags=["studies"], route_class=ApiRoute)

Reader = Annotated[Actor, Depends(allowed(Permission.STUDY_READ))]


class StudyRow(BaseModel):
    """A study in a list: nothing that a PACS or a patient record could be searched for."""

    id: str
    site_id: str
    state: StudyState
    revision: int
    closing: Closing | None
    incomplete: bool
    first_arrival_at: datetime
    last_arrival_at: datetime
    closed_at: datetime | None
    instances: int

    @classmethod
    def of(cls, study: Study, instances: int) -> "StudyRow":
        facts = study.model_dump(include=set(cls.model_fields))
        return cls(**facts, instances=instances)


class InstanceRow(BaseModel):
    id: str
    study_revision: int
    sop_class_uid: str
    transfer_syntax_uid: str
    digest: str
    size: int
    received_at: datetime
    attributes: dict[str, Any]

    @classmethod
    def of(cls, instance: Instance) -> "InstanceRow":
        return cls(**instance.model_dump(include=set(cls.model_fields)))


class StudyDetail(StudyRow):
    """One study, with the UID by which its readers find it in their PACS."""

    study_instance_uid: str
    items: list[InstanceRow]


@router.get("")
def list_studies(
    request: Request,
    response: Response,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    state: StudyState | None = None,
    site_id: str | None = None,
) -> Listing[StudyRow]:
    """List the studies of your sites, newest first."""
    found = repository.studies(
        session,
        actor,
        before=cursor.after,
        state=state,
        site_id=site_id,
        limit=cursor.limit + 1,
    )
    kept, next_cursor = cursor.cut(found, key=lambda study: study.id)
    counts = repository.counts(session, actor, [study.id for study in kept])
    link_next(request, response, next_cursor)
    rows = [StudyRow.of(study, counts.get(study.id, 0)) for study in kept]
    return Listing(items=rows, next_cursor=next_cursor)


@router.get("/{study_id}")
def show_study(study_id: str, session: Reading, actor: Reader) -> StudyDetail:
    """Show one study and its instances."""
    study = service.study_by_id(session, actor, study_id)
    instances = repository.instances(session, actor, study.id)
    return StudyDetail(
        **StudyRow.of(study, len(instances)).model_dump(),
        study_instance_uid=study.study_instance_uid,
        items=[InstanceRow.of(instance) for instance in instances],
    )
