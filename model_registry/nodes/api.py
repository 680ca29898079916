"""Nodes over HTTP: list, add, retire."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from model_registry.nodes import repository, service
from model_registry.nodes.models import Node
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.body import Body
from vigil.kernel.web.dependencies import Reading, Writing, allowed
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/nodes", tags=["nodes"], route_class=ApiRoute)

Reader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
Connector = Annotated[Actor, Depends(allowed(Permission.NODE_WRITE))]


class NewNode(Body):
    """A peer to add; `site` is the site's ODS code."""

    site: str = Field(examples=["RXX01"])
    ae_title: str = Field(examples=["PACS"])
    host: str = Field(examples=["pacs.example.org"])
    port: int = Field(examples=[104])
    is_source: bool = False
    is_destination: bool = False
    reason: str


class Reason(Body):
    reason: str


@router.get("")
def list_nodes(
    request: Request, response: Response, session: Reading, actor: Reader, cursor: CursorDep
) -> Listing[Node]:
    found = repository.nodes(session, actor, after=cursor.after, limit=cursor.limit + 1)
    items, next_cursor = cursor.cut(found, lambda node: node.id)
    link_next(request, response, next_cursor)
    return Listing(items=items, next_cursor=next_cursor)


@router.post("", status_code=201)
def add_node(body: NewNode, session: Writing, actor: Connector, response: Response) -> Node:
    site = identity.site(session, actor, body.site)
    facts = body.model_dump(exclude={"site"})
    node = service.add_node(session, actor, site_id=site.id, **facts)
    response.headers["Location"] = f"{router.prefix}/{node.id}"
    return node


@router.get("/{node_id}")
def show_node(node_id: str, session: Reading, actor: Reader) -> Node:
    return service.node_by_id(session, actor, node_id)


@router.post("/{node_id}/retire")
def retire_node(node_id: str, body: Reason, session: Writing, actor: Connector) -> Node:
    return service.retire_node(session, actor, node_id=node_id, reason=body.reason)
