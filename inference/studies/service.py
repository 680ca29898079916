"""File what arrives under its study, and say when a study is complete enough to be run.

DICOM has no "study complete": the rules here, and why no instance gets its own audit event, are in
docs/adr/0009-receiving-and-completeness.md.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from inference.studies import repository
from inference.studies.arrival import Arrival
from inference.studies.errors import UnknownStudy
from inference.studies.models import Closing, Instance, Study, StudyState
from inference.studies.repository import Deliveries
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

DUE_AT_ONCE = 200


class Filing(StrEnum):
    """What filing an instance came to: a new one, the same bytes again, or others under its UID."""

    NEW = "new"
    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Policy:
    """When a revision of a study counts as complete.

    Attributes:
        quiet: without an arrival for this long, where every association that brought it has
            been released: its sender said that it was done.
        open_quiet: the same, where one is still open or has broken: its sender may go on.
        cap: however busy it is, this long after the revision's first arrival.
    """

    quiet: timedelta
    open_quiet: timedelta
    cap: timedelta


@dataclass(frozen=True)
class Due:
    """A study whose present revision is complete, as it was when this was found."""

    study_id: str
    revision: int
    last_arrival_at: datetime
    closing: Closing


def known(
    session: ReadSession, actor: Actor, site_id: str, sop_instance_uid: str, data_set_digest: str
) -> Filing:
    """Say what filing this instance would come to, without writing."""
    instance = repository.instance_by_uid(session, actor, site_id, sop_instance_uid)
    if instance is None:
        return Filing.NEW
    return Filing.SAME if instance.data_set_digest == data_set_digest else Filing.DIFFERENT


def file_instance(
    session: WriteSession,
    actor: Actor,
    *,
    site_id: str,
    association_id: str | None,
    arrival: Arrival,
) -> Filing:
    """Index an instance whose bytes are kept, under a study that is made or reopened for it.

    Two deliveries of one new study or instance at once end in an IntegrityError for the later one,
    which the caller repeats: then it finds what the other wrote.
    """
    study = repository.locked_study(session, actor, site_id, arrival.study_instance_uid)
    filing = known(session, actor, site_id, arrival.sop_instance_uid, arrival.data_set_digest)
    if filing is not Filing.NEW:
        return filing
    if study is None:
        study = _open(session, actor, site_id, arrival)
    elif study.state is StudyState.CLOSED:
        _reopen(session, actor, study)
    study.last_arrival_at = max(study.last_arrival_at, session.now())
    session.add(study)
    session.flush()
    session.add(
        Instance(
            id=session.new_id("ins"),
            study_id=study.id,
            study_revision=study.revision,
            site_id=site_id,
            series_instance_uid=arrival.series_instance_uid,
            sop_class_uid=arrival.sop_class_uid,
            sop_instance_uid=arrival.sop_instance_uid,
            transfer_syntax_uid=arrival.transfer_syntax_uid,
            digest=arrival.digest,
            data_set_digest=arrival.data_set_digest,
            size=arrival.size,
            association_id=association_id,
            received_at=session.now(),
            attributes=arrival.attributes,
        )
    )
    session.flush()
    return Filing.NEW


def due(session: ReadSession, actor: Actor, policy: Policy, limit: int = DUE_AT_ONCE) -> list[Due]:
    """Return the studies that count as complete now, longest quiet first."""
    now = session.now()
    candidates = repository.receiving(
        session,
        actor,
        quiet_since=now - min(policy.quiet, policy.open_quiet),
        started_by=now - policy.cap,
        limit=limit,
    )
    deliveries = repository.deliveries(session, actor, candidates)
    found = []
    for study in candidates:
        closing = _closing(now, policy, study, deliveries[study.id])
        if closing is not None:
            found.append(Due(study.id, study.revision, study.last_arrival_at, closing))
    return found


def close(session: WriteSession, actor: Actor, due: Due) -> Study | None:
    """Close the revision that `due` found; None where it changed or closed meanwhile.

    Raises:
        UnknownStudy: there is none with this id.
    """
    study = repository.locked_study_by_id(session, actor, due.study_id)
    if study is None:
        raise UnknownStudy("No study has this id, or it belongs to another site.")
    seen = (due.revision, due.last_arrival_at)
    if study.state is StudyState.CLOSED or (study.revision, study.last_arrival_at) != seen:
        return None
    study.state = StudyState.CLOSED
    study.closed_at = session.now()
    study.closing = due.closing
    study.incomplete = due.closing is Closing.CAP
    session.add(study)
    session.flush()
    reason = f"revision {study.revision} complete: {due.closing.value}"
    audit.record(session, actor, "node:study:close", study.id, reason, incomplete=study.incomplete)
    return study


def study_by_id(session: ReadSession, actor: Actor, study_id: str) -> Study:
    """Return a study.

    Raises:
        UnknownStudy: there is none with this id that the actor may read.
    """
    actor.require(Permission.STUDY_READ)
    study = repository.study(session, actor, study_id)
    if study is None:
        raise UnknownStudy("No study has this id, or it belongs to another site.")
    return study


def _closing(now: datetime, policy: Policy, study: Study, deliveries: Deliveries) -> Closing | None:
    silence = now - study.last_arrival_at
    is_done = not deliveries.any_open and not deliveries.any_broken
    if is_done and silence >= policy.quiet:
        return Closing.ASSOCIATION_CLOSED
    if silence >= policy.open_quiet:
        return Closing.QUIET
    if now - study.revision_started_at >= policy.cap:
        return Closing.CAP
    return None


def _open(session: WriteSession, actor: Actor, site_id: str, arrival: Arrival) -> Study:
    now = session.now()
    study = Study(
        id=session.new_id("std"),
        site_id=site_id,
        study_instance_uid=arrival.study_instance_uid,
        patient_pseudonym=arrival.patient_pseudonym,
        first_arrival_at=now,
        last_arrival_at=now,
        revision_started_at=now,
    )
    session.add(study)
    session.flush()
    audit.record(session, actor, "node:study:open", study.id, "first instance arrived")
    return study


def _reopen(session: WriteSession, actor: Actor, study: Study) -> None:
    study.revision += 1
    study.revision_started_at = session.now()
    study.state = StudyState.RECEIVING
    study.closed_at = None
    study.closing = None
    study.incomplete = False
    reason = f"an instance arrived after revision {study.revision - 1} was closed"
    audit.record(session, actor, "node:study:reopen", study.id, reason, revision=study.revision)
