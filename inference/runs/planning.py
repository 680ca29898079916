"""From a complete study to planned runs: one transaction that closes, routes, pins and enqueues.

Everything a run will need is resolved here and pinned on it, so that what happens later to rules or
deployments cannot mix with it (design invariants 2 and 3).
"""

from collections.abc import Sequence

from inference.routing import service as routing
from inference.routing.service import Assignment
from inference.runs import repository
from inference.runs.models import Outcome, Priority, Run, RunMode, RunState
from inference.studies import repository as studies
from inference.studies.models import Instance, Study
from model_registry.versions import service as versions
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.identity.actor import Actor

TASK = "runs.execute"
LATE = "more instances of the study arrived"
PRIORITIES = {Priority.STAT: 1, Priority.ROUTINE: 5, Priority.OFF_PEAK: 9}


def plan(session: WriteSession, actor: Actor, queue: Queue, study: Study) -> list[Run]:
    """Route a study that was just closed and plan a run for each assignment."""
    instances = studies.instances(session, actor, study.id)
    assignments = routing.decide(session, study, [one.attributes for one in instances])
    return [_plan(session, actor, queue, study, instances, each) for each in assignments]


def _plan(
    session: WriteSession,
    actor: Actor,
    queue: Queue,
    study: Study,
    instances: Sequence[Instance],
    assignment: Assignment,
) -> Run:
    deployment = assignment.deployment
    version = versions.version(session, actor, deployment.version_id)
    before = repository.latest_for(session, study.id, deployment.id)
    if before is not None and before.state is RunState.PLANNED:
        _cancel(session, actor, before)
    run = Run(
        id=session.new_id("run"),
        study_id=study.id,
        study_revision=study.revision,
        site_id=study.site_id,
        deployment_id=deployment.id,
        deployment_revision=deployment.revision,
        mode=RunMode(deployment.mode.value),
        version_id=version.id,
        version_digest=version.digest,
        preprocessing_digest=version.preprocessing_digest,
        routing_revision_id=assignment.revision.id,
        priority=assignment.priority,
        supersedes_run_id=before.id if before else None,
        inputs=[_pin(instance) for instance in instances],
        planned_at=session.now(),
    )
    session.add(run)
    session.flush()
    audit.record(
        session, actor, "inference:run:plan", run.id, f"rule {assignment.rule}", study=study.id
    )
    queue.enqueue(
        session,
        TASK,
        run.id,
        key=run.id,
        priority=PRIORITIES[run.priority],
        partition=version.id,
    )
    return run


def _pin(instance: Instance) -> dict[str, str]:
    return {
        "instance_id": instance.id,
        "sop_instance_uid": instance.sop_instance_uid,
        "digest": instance.digest,
    }


def _cancel(session: WriteSession, actor: Actor, run: Run) -> None:
    """End a run that has not begun: later instances arrived, and the next run covers them all."""
    run.state, run.outcome = RunState.FINISHED, Outcome.CANCELLED
    run.reason, run.finished_at = LATE, session.now()
    session.add(run)
    session.flush()
    audit.record(session, actor, "inference:run:cancel", run.id, LATE)
