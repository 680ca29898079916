"""Every rule of receiving, without a word of the network: who may call, and what becomes of a send.

Success is answered only when the bytes are flushed to the object store and indexed. Whatever a part
that fails leaves behind, the sender is told to try again, and the same bytes sent again are the
same instance (docs/adr/0009-receiving-and-completeness.md).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from inference.associations import service as associations
from inference.associations.models import Ending
from inference.node import part10, repository
from inference.node.errors import CallerRefused, Refused
from inference.node.header import read_header
from inference.node.metrics import NodeMetrics
from inference.node.models import Quarantine
from inference.node.part10 import Route, SentInstance
from inference.node.settings import NodeSettings
from inference.node.status import Answer, Status
from inference.studies import arrival
from inference.studies import service as studies
from inference.studies.service import Filing
from model_registry.nodes import repository as nodes
from vigil.kernel.db import WriteSession
from vigil.kernel.errors import Unavailable
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.objects import sha256
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import logger

ACTOR = system_actor("node")
DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout)
TRIES = 4
CALLING_AE_UNKNOWN, CALLED_AE_UNKNOWN = 3, 7
# serialization_failure and deadlock_detected: PostgreSQL asks for the transaction again.
_AGAIN = frozenset({"40001", "40P01"})
_MEGABYTE = 1_000_000

Outcome = TypeVar("Outcome")


@dataclass
class OpenAssociation:
    """An association while it lasts, with what it brought so far. One thread serves it."""

    id: str
    site_id: str
    route: Route
    stored: int = 0
    refused: int = 0


class Receiver:
    """Takes associations and instances for one node process."""

    def __init__(self, parts: Parts, settings: NodeSettings, name: str) -> None:
        self.parts = parts
        self.settings = settings
        self.name = name
        self.metrics = NodeMetrics(parts.metrics)
        self._log = logger("inference.node")

    @property
    def limit(self) -> int:
        return self.settings.max_instance_mb * _MEGABYTE

    def accept(self, calling_ae: str, called_ae: str, peer_host: str) -> OpenAssociation:
        """Open an association for a known caller.

        Raises:
            CallerRefused: no active source calls itself so, or it asked for another node.
        """
        calling, called = _printable(calling_ae), _printable(called_ae)
        with self.parts.database.read() as session:
            source = nodes.node_for_calling_ae(session, calling)
        if called != self.settings.ae_title:
            refused = CallerRefused("called AE not recognised", CALLED_AE_UNKNOWN)
            raise self._noted(refused, calling, called, peer_host)
        if source is None:
            refused = CallerRefused("calling AE not recognised", CALLING_AE_UNKNOWN)
            raise self._noted(refused, calling, called, peer_host)
        with self.parts.database.write() as session:
            row = associations.open_association(
                session,
                site_id=source.site_id,
                calling_ae=calling,
                called_ae=called,
                peer_host=peer_host,
                receiver=self.name,
            )
        self.metrics.opened()
        return OpenAssociation(row.id, source.site_id, Route(calling, called))

    def receive(self, association: OpenAssociation, sent: SentInstance) -> Answer:
        """Keep, file and answer one instance. Never raises: every failure is a status."""
        began = time.perf_counter()
        answer = self._answer(association, sent)
        if answer.status is Status.SUCCESS:
            association.stored += 1
        else:
            association.refused += 1
            self._log.warning("refused", association=association.id, status=f"{answer.status:04X}")
        self.metrics.instance(answer.status, len(sent.data_set), time.perf_counter() - began)
        return answer

    def end(self, association: OpenAssociation, ending: Ending) -> None:
        """Note how an association ended, with its counts."""
        self.metrics.closed(ending)
        with self.parts.database.write() as session:
            associations.close_association(
                session,
                ACTOR,
                association.id,
                ending=ending,
                stored=association.stored,
                refused=association.refused,
            )

    def file(
        self, sent: SentInstance, route: Route, site_id: str, association_id: str | None
    ) -> Answer:
        """Keep the bytes, then index them or put them in quarantine."""
        if len(sent.data_set) > self.limit:
            comment = f"larger than {self.settings.max_instance_mb} MB"
            return Answer(Status.RESOURCE_LIMITATION, comment)
        try:
            header = read_header(sent, self.limit)
        except Refused as refused:
            return self.quarantine(sent, route, site_id, association_id, refused)
        data_set_digest = sha256(sent.data_set)
        with self.parts.database.read() as session:
            filing = studies.known(session, ACTOR, site_id, sent.sop_instance_uid, data_set_digest)
        if filing is Filing.NEW:
            file = part10.encode(sent, route)
            arrived = arrival.describe(
                header,
                self.parts.keys,
                site_id=site_id,
                calling_ae=route.calling_ae,
                transfer_syntax_uid=sent.transfer_syntax_uid,
                digest=self.parts.objects.put(file),
                data_set_digest=data_set_digest,
                size=len(file),
            )
            filing = self._write(
                lambda session: studies.file_instance(
                    session,
                    ACTOR,
                    site_id=site_id,
                    association_id=association_id,
                    arrival=arrived,
                )
            )
        if filing is Filing.DIFFERENT:
            duplicate = Refused(Status.DUPLICATE_SOP_INSTANCE, "other bytes under a known UID")
            return self.quarantine(sent, route, site_id, association_id, duplicate)
        return Answer(Status.SUCCESS)

    def quarantine(
        self,
        sent: SentInstance,
        route: Route,
        site_id: str | None,
        association_id: str | None,
        refused: Refused,
    ) -> Answer:
        """Keep what cannot be filed, and say why."""
        digest = self.parts.objects.put(part10.encode(sent, route))

        def keep(session: WriteSession) -> None:
            status = int(refused.dicom_status)
            if repository.quarantined(
                session, site_id=site_id, object_digest=digest, status=status
            ):
                return
            session.add(
                Quarantine(
                    id=session.new_id("qua"),
                    site_id=site_id,
                    association_id=association_id,
                    object_digest=digest,
                    status=status,
                    reason=refused.detail,
                    received_at=session.now(),
                )
            )
            session.flush()

        self._write(keep)
        return Answer(refused.dicom_status, refused.detail)

    def _answer(self, association: OpenAssociation, sent: SentInstance) -> Answer:
        try:
            return self.file(sent, association.route, association.site_id, association.id)
        except Unavailable as error:
            self._log.error("store", problem=error.detail)
            return Answer(Status.OUT_OF_RESOURCES, "no room, or a part is away: send again later")
        except DATABASE_AWAY as error:
            self._log.error("database", exc_info=error)
            return Answer(Status.OUT_OF_RESOURCES, "database away: send again later")
        except Exception as error:  # noqa: BLE001 - the sender is owed a status, whatever failed
            self._log.error("unexpected", exc_info=error)
            return Answer(Status.PROCESSING_FAILURE, "unexpected failure")

    def _write(self, work: Callable[[WriteSession], Outcome]) -> Outcome:
        for _ in range(TRIES - 1):
            try:
                with self.parts.database.write() as session:
                    return work(session)
            except DBAPIError as error:
                # Another association filed the same study or instance in the same instant.
                if not isinstance(error, IntegrityError) and (
                    getattr(error.orig, "sqlstate", None) not in _AGAIN
                ):
                    raise
        with self.parts.database.write() as session:
            return work(session)

    def _noted(
        self, refused: CallerRefused, calling_ae: str, called_ae: str, peer_host: str
    ) -> CallerRefused:
        self.metrics.refused()
        self._log.warning("association refused", reason=refused.reason)
        with self.parts.database.write() as session:
            associations.refuse_association(
                session,
                ACTOR,
                calling_ae=calling_ae,
                called_ae=called_ae,
                peer_host=peer_host,
                receiver=self.name,
                reason=refused.detail,
            )
        return refused


def _printable(ae_title: str) -> str:
    # An AE title is of printable ASCII (PS3.5 6.2); what is not may not reach a column.
    return "".join(c if " " <= c <= "~" else "?" for c in ae_title).strip(" ")
