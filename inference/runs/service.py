"""The life of a run in the database: begun once, finished once, and what is asked of it later."""

from collections.abc import Sequence
from typing import Any

from inference.runs import repository
from inference.runs.analysis import Analysis
from inference.runs.errors import UnknownRun
from inference.runs.events import RunFinished
from inference.runs.models import Finding, Outcome, Run, RunState
from inference.runs.selection import Candidate
from inference.studies import repository as studies
from model_registry.stops import service as stops
from model_registry.stops.models import StopOrder
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


def run(session: ReadSession, actor: Actor, run_id: str) -> Run:
    """Return a run that the actor may read.

    Raises:
        UnknownRun: there is none, or not for this actor.
    """
    actor.require(Permission.STUDY_READ)
    found = repository.run(session, actor, run_id)
    if found is None:
        raise UnknownRun("No run has this id.")
    return found


def findings(session: ReadSession, actor: Actor, run_id: str) -> Sequence[Finding]:
    return repository.findings(session, run(session, actor, run_id).id)


def candidates(session: ReadSession, actor: Actor, run: Run) -> list[Candidate]:
    """Return the instances that the run pinned, with their attributes."""
    known = {one.id: one for one in studies.instances(session, actor, run.study_id)}
    return [
        Candidate(
            pin["instance_id"],
            pin["sop_instance_uid"],
            pin["digest"],
            known[pin["instance_id"]].attributes,
        )
        for pin in run.inputs
    ]


def begin(session: WriteSession, actor: Actor, events: Events, run_id: str) -> bool:
    """Note that work on a run begins; False where it has ended, or is stopped and ends here."""
    started = run(session, actor, run_id)
    if started.state is RunState.FINISHED:
        return False
    stop = stop_on(session, started)
    if stop is not None:
        reason = stop.sentence
        finish(session, actor, events, run_id, outcome=Outcome.CANCELLED, reason=reason)
        return False
    started.state = RunState.RUNNING
    started.started_at = started.started_at or session.now()
    session.add(started)
    return True


def stop_on(session: ReadSession, run: Run) -> StopOrder | None:
    """Return the stop that is in force now for the run's model at its site, if there is one."""
    deployment = repository.deployment_of(session, run)
    return stops.active_stop(session, site_id=run.site_id, model_id=deployment.model_id)


def finish(
    session: WriteSession,
    actor: Actor,
    events: Events,
    run_id: str,
    *,
    outcome: Outcome,
    reason: str | None,
    findings: Sequence[dict[str, Any]] = (),
    outputs_digest: str | None = None,
    runtime: dict[str, Any] | None = None,
    image_statistics: dict[str, float | None] | None = None,
) -> Run:
    """Give a run its outcome, once, and tell whoever listens.

    Args:
        session: the transaction.
        actor: the part of Vigil that ran it.
        events: where `RunFinished` is published.
        run_id: which run.
        outcome: how it ended.
        reason: why there is no result.
        findings: the fields of each finding.
        outputs_digest: the object that holds the raw outputs.
        runtime: the facts of the process that ran it.
        image_statistics: what the images looked like as they were fed.
    """
    ended = run(session, actor, run_id)
    if ended.state is RunState.FINISHED:
        return ended
    ended.state, ended.outcome, ended.reason = RunState.FINISHED, outcome, reason
    ended.finished_at = session.now()
    ended.outputs_digest, ended.runtime = outputs_digest, runtime or {}
    ended.image_statistics = image_statistics
    session.add(ended)
    for fields in findings:
        session.add(
            Finding(id=session.new_id("fnd"), run_id=ended.id, site_id=ended.site_id, **fields)
        )
    session.flush()
    note = reason or f"{len(findings)} findings"
    audit.record(session, actor, "inference:run:finish", ended.id, note, outcome=outcome.value)
    events.publish(session, RunFinished(ended.id))
    return ended


def as_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """Return the fields of the findings of an analysis, as plain JSON."""
    return [
        {
            "instance_id": candidate.instance_id,
            "sop_instance_uid": candidate.sop_instance_uid,
            "key": score.key,
            "name": score.name,
            "code": score.code.model_dump(mode="json"),
            "score": score.score,
            "threshold": score.threshold,
            "flagged": score.flagged,
        }
        for candidate, score in analysis.scores
    ]
