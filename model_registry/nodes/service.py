"""Add the DICOM peers of a site, and stop using one."""

import re
import string

from model_registry.nodes import repository
from model_registry.nodes.errors import BadNode, SourceTaken, UnknownNode
from model_registry.nodes.models import Node
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

# PS3.5 6.2, AE: at most 16 characters of the default repertoire, without backslash and control
# characters; spaces at either end mean nothing, and nothing but spaces is no title.
MAX_AE_TITLE = 16
_AE_CHARACTERS = frozenset(string.digits + string.ascii_letters + string.punctuation + " ") - {"\\"}
_HOST = re.compile(r"[0-9A-Za-z.:_-]{1,253}")
MAX_PORT = 65535


def add_node(
    session: WriteSession,
    actor: Actor,
    *,
    site_id: str,
    ae_title: str,
    host: str,
    port: int,
    is_source: bool,
    is_destination: bool,
    reason: str,
) -> Node:
    """Add a peer of a site.

    Raises:
        BadNode: the AE title, the host or the port is not one, or it neither sends nor receives.
        SourceTaken: another active node already sends under this AE title.
    """
    actor.require(Permission.NODE_WRITE, site_id)
    title = ae_title.strip(" ")
    faults = _faults(title, host, port, is_source or is_destination)
    if faults:
        raise BadNode.because(faults)
    if is_source and repository.node_for_calling_ae(session, title):
        raise SourceTaken(f"An active node already sends as {title}. Retire it, or take another.")
    node = Node(
        id=session.new_id("node"),
        site_id=site_id,
        ae_title=title,
        host=host,
        port=port,
        is_source=is_source,
        is_destination=is_destination,
        created_at=session.now(),
    )
    session.add(node)
    session.flush()
    audit.record(session, actor, "registry:node:add", node.id, reason, ae_title=title)
    return node


def retire_node(session: WriteSession, actor: Actor, *, node_id: str, reason: str) -> Node:
    """Take nothing more from a node and send nothing more to it."""
    node = node_by_id(session, actor, node_id)
    actor.require(Permission.NODE_WRITE, node.site_id)
    node.active = False
    session.add(node)
    session.flush()
    audit.record(session, actor, "registry:node:retire", node.id, reason)
    return node


def node_by_id(session: ReadSession, actor: Actor, node_id: str) -> Node:
    found = repository.node(session, actor, node_id)
    if found is None:
        raise UnknownNode("No node has this id, or it belongs to another site.")
    return found


def _faults(title: str, host: str, port: int, is_used: bool) -> list[Fault]:
    faults = []
    if not 1 <= len(title) <= MAX_AE_TITLE or not _AE_CHARACTERS.issuperset(title):
        remedy = f"Use 1 to {MAX_AE_TITLE} printable ASCII characters without backslash"
        faults.append(Fault("ae_title", "not an AE title (PS3.5 6.2)", remedy))
    if not _HOST.fullmatch(host):
        faults.append(Fault("host", "not a host", "Give a DNS name or an address"))
    if not 1 <= port <= MAX_PORT:
        faults.append(Fault("port", "not a port", f"Give a number from 1 to {MAX_PORT}"))
    if not is_used:
        remedy = "Say that it sends, that it receives, or both"
        faults.append(Fault("is_source", "neither source nor destination", remedy))
    return faults
