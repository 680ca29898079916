"""What a node does before it listens: settle what the node before it left behind.

A node that is killed may leave associations open, and bytes in the store that it had not indexed.
No sender was told success for those, but the bytes are here: they are filed as if just received.
"""

from collections.abc import Iterator
from itertools import islice

from inference.associations import repository as open_associations
from inference.associations import service as associations
from inference.associations.models import Ending
from inference.node import part10, repository
from inference.node.errors import Refused
from inference.node.service import ACTOR, Receiver
from inference.node.status import Status
from inference.studies import repository as studies
from model_registry.nodes import repository as nodes
from vigil.kernel.telemetry import logger

BATCH = 500


def close_lost(receiver: Receiver) -> int:
    """Mark the associations that this receiver held when it died as lost; return how many."""
    with receiver.parts.database.write() as session:
        lost = open_associations.open_at(session, receiver.name)
        for association in lost:
            associations.close_association(
                session,
                ACTOR,
                association.id,
                ending=Ending.LOST,
                stored=studies.count_from(session, association.id),
                refused=repository.count_from(session, association.id),
            )
    return len(lost)


def file_unindexed(receiver: Receiver) -> int:
    """File every received object that nothing refers to; return how many there were.

    Only names are compared, a batch at a time; of an object that is nowhere indexed the meta
    information is read, and the rest only where the node wrote it.
    """
    objects = receiver.parts.objects
    count = 0
    for digest in _unindexed(receiver):
        if part10.is_received(objects.path(digest)):
            _file(receiver, digest)
            count += 1
    if count:
        logger("inference.node").warning("unindexed objects filed", count=count)
    return count


def _unindexed(receiver: Receiver) -> Iterator[str]:
    digests = receiver.parts.objects.digests()
    while batch := list(islice(digests, BATCH)):
        with receiver.parts.database.read() as session:
            known = studies.known_digests(session, batch)
            known |= repository.known_digests(session, batch)
        yield from (digest for digest in batch if digest not in known)


def _file(receiver: Receiver, digest: str) -> None:
    sent, route = part10.decode(receiver.parts.objects.get(digest))
    with receiver.parts.database.read() as session:
        source = nodes.node_for_calling_ae(session, route.calling_ae)
    if source is None:
        unknown = Refused(Status.PROCESSING_FAILURE, "its sender is not a node any more")
        receiver.quarantine(sent, route, None, None, unknown)
        return
    receiver.file(sent, route, source.site_id, None)
