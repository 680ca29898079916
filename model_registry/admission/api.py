"""Admission over HTTP: check a refused version again, and what was signed with a key."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from model_registry.admission import again, service
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing, allowed
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1", tags=["supplier keys"], route_class=ApiRoute)

Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]


class SignedVersion(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    model_id: str
    version: str
    digest: str
    status: VersionStatus


@router.get("/supplier-keys/{supplier_key_id}/versions")
def list_signed_versions(
    supplier_key_id: str, session: Reading, actor: Reader
) -> list[SignedVersion]:
    """List the versions whose signature was admitted with this key, the newest first."""
    found = service.signed_with(session, actor, supplier_key_id)
    return [SignedVersion.model_validate(version) for version in found]


class Standing(BaseModel):
    """Whether a version may be checked again on the same bytes, and why."""

    version_id: str
    status: VersionStatus
    may_be_checked_again: bool
    why: str


class Reason(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "The key is trusted now"}]}
    )
    reason: str


@router.get("/versions/{version_id}/admission", tags=["versions"])
def show_admission(version_id: str, session: Reading, actor: Reader) -> Standing:
    """Say whether a refused version may be checked again without other bytes."""
    return _standing(session, versions.version(session, actor, version_id))


@router.post("/versions/{version_id}/admission", tags=["versions"], status_code=202)
def check_again(
    version_id: str, body: Reason, session: Writing, actor: Reader, parts: PartsDep
) -> Standing:
    """Have a refused version checked again, where the answer may be another one now."""
    found = again.ask(session, actor, parts.queue, version_id=version_id, reason=body.reason)
    return _standing(session, found)


def _standing(session: ReadSession, version: ModelVersion) -> Standing:
    found = again.standing(session, version)
    return Standing(
        version_id=version.id,
        status=version.status,
        may_be_checked_again=found.possible,
        why=found.why,
    )
