"""Note when an association opens, and how it ended and what it brought.

Opening is noted without an audit event; its end is audited with its counts, and so is a refusal
(docs/adr/0009-receiving-and-completeness.md).
"""

from datetime import timedelta

from inference.associations import repository
from inference.associations.errors import UnknownAssociation
from inference.associations.models import Association, Ending
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor

# A stranger that keeps knocking costs one row and one audit event in this time, not one a knock.
REFUSALS_TOGETHER = timedelta(minutes=10)


def open_association(
    session: WriteSession,
    *,
    site_id: str,
    calling_ae: str,
    called_ae: str,
    peer_host: str,
    receiver: str,
) -> Association:
    association = Association(
        id=session.new_id("asc"),
        site_id=site_id,
        calling_ae=calling_ae,
        called_ae=called_ae,
        peer_host=peer_host,
        receiver=receiver,
        opened_at=session.now(),
    )
    session.add(association)
    session.flush()
    return association


def refuse_association(
    session: WriteSession,
    actor: Actor,
    *,
    calling_ae: str,
    called_ae: str,
    peer_host: str,
    receiver: str,
    reason: str,
) -> Association:
    """Note that a caller was turned away; repeats are counted on the first one's row."""
    now = session.now()
    known = repository.refused_since(
        session,
        calling_ae=calling_ae,
        called_ae=called_ae,
        peer_host=peer_host,
        since=now - REFUSALS_TOGETHER,
    )
    if known is not None:
        known.refused += 1
        session.add(known)
        session.flush()
        return known
    association = Association(
        id=session.new_id("asc"),
        calling_ae=calling_ae,
        called_ae=called_ae,
        peer_host=peer_host,
        receiver=receiver,
        opened_at=now,
        closed_at=now,
        ending=Ending.REFUSED,
        refused=1,
    )
    session.add(association)
    session.flush()
    audit.record(
        session, actor, "node:association:refuse", association.id, reason, calling_ae=calling_ae
    )
    return association


def close_association(
    session: WriteSession,
    actor: Actor,
    association_id: str,
    *,
    ending: Ending,
    stored: int,
    refused: int,
) -> Association:
    """Note the end of an association; a second end of the same one changes nothing.

    Raises:
        UnknownAssociation: there is none with this id.
    """
    association = repository.association(session, actor, association_id)
    if association is None:
        raise UnknownAssociation("No association has this id, or it belongs to another site.")
    if association.closed_at is not None:
        return association
    association.closed_at = session.now()
    association.ending = ending
    association.stored = stored
    association.refused = refused
    session.add(association)
    session.flush()
    audit.record(
        session,
        actor,
        "node:association:close",
        association.id,
        f"association {ending.value}",
        stored=stored,
        refused=refused,
    )
    return association
