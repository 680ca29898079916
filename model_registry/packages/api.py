"""The schemas of a package's files over HTTP, for editors and for suppliers' own tools. Public."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from model_registry.packages import schemas
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/schemas", tags=["packages"], route_class=ApiRoute)


class SchemaLink(BaseModel):
    """Where the schema of a file is."""

    name: str
    title: str
    url: str


@router.get("")
def list_schemas() -> list[SchemaLink]:
    """List the JSON Schemas of the files that a package has. Public."""
    return [
        SchemaLink(name=name, title=made["title"], url=f"{router.prefix}/{name}")
        for name, made in schemas.schemas().items()
    ]


@router.get("/{name}")
def show_schema(name: str) -> dict[str, Any]:
    """Show one JSON Schema (draft 2020-12). Public."""
    return schemas.schema(name)
