"""What was signed with a supplier's key, over HTTP: what its loss concerns."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from model_registry.admission import service
from model_registry.versions.models import VersionStatus
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import Reading, allowed
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
