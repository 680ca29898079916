"""Read the facts of a finished run from inference.

A run may judge several images of a study. Its record of a finding is that of the highest score: the
study is flagged if any image is, and a study is what readers decide on and what counts as one case.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Any

from inference.decisions import repository as decisions
from inference.decisions.models import Decision
from inference.delivery import repository as deliveries
from inference.runs import service as runs
from inference.runs.models import Finding, Run
from inference.studies import repository as studies
from inference.studies import service as study_service
from inference.studies.models import Instance
from surveillance.axes import UNKNOWN, crossed, levels
from surveillance.records import numbers
from surveillance.records.facts import FindingFacts, RunFacts
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


def of_run(session: ReadSession, actor: Actor, run_id: str) -> RunFacts | None:
    """Return the facts of a run, or None while it has no outcome.

    The day is the one it was planned on, in UTC: a failed run counts on the day it was due.
    """
    run = runs.run(session, actor, run_id)
    if run.outcome is None:
        return None
    instances = _inputs(run, studies.instances(session, actor, run.study_id))
    findings = _findings(session, actor, run, instances)
    study = study_service.study_by_id(session, actor, run.study_id)
    return RunFacts(
        run_id=run.id,
        supersedes_run_id=run.supersedes_run_id,
        patient_pseudonym=study.patient_pseudonym,
        study_instance_uid=study.study_instance_uid,
        exam_day=study.first_arrival_at.astimezone(UTC).date(),
        version_id=run.version_id,
        site_id=run.site_id,
        deployment_id=run.deployment_id,
        mode=run.mode,
        day=day_of(run),
        outcome=run.outcome,
        levels=_levels_of_study(list(instances.values())),
        findings=findings,
        features=numbers.of_run(run, instances.values(), findings)
        | decision_time(session, actor, run),
    )


def decision_time(session: ReadSession, actor: Actor, run: Run) -> numbers.Numbers:
    """Return the seconds from the first result that arrived to the first decision, if one was made.

    What was never delivered was shown in Vigil, from the moment that its run ended.
    """
    made = decisions.of_run(session, actor, run.id)
    if not made:
        return {}
    sent = deliveries.deliveries(session, actor, run_id=run.id)
    arrived = [one.delivered_at for one in sent if one.delivered_at is not None]
    shown = min(arrived, default=run.finished_at)
    first = min(decision.decided_at for decision in made)
    return {numbers.DECISION_TIME: numbers.seconds(shown, first)}


def day_of(run: Run) -> date:
    """Return the day that a run counts on."""
    return run.planned_at.astimezone(UTC).date()


def _inputs(run: Run, instances: Sequence[Instance]) -> dict[str, Instance]:
    pinned = {pin["instance_id"] for pin in run.inputs}
    return {one.id: one for one in instances if not pinned or one.id in pinned}


def _levels_of_study(instances: Sequence[Instance]) -> dict[str, str]:
    """Take each attribute from the first instance that knows it."""
    merged = levels({})
    for instance in instances:
        known = levels(instance.attributes).items()
        merged |= {axis: value for axis, value in known if merged[axis] == UNKNOWN}
    return crossed(merged)


def _findings(
    session: ReadSession, actor: Actor, run: Run, instances: Mapping[str, Instance]
) -> tuple[FindingFacts, ...]:
    by_key: dict[str, list[Finding]] = {}
    for finding in runs.findings(session, actor, run.id):
        by_key.setdefault(finding.key, []).append(finding)
    latest = decisions_of(session, actor, run.id) if by_key else {}
    today = session.now().astimezone(UTC).date()
    return tuple(
        _finding(key, group, instances, latest.get(key), today) for key, group in by_key.items()
    )


def _finding(
    key: str,
    group: Sequence[Finding],
    instances: Mapping[str, Instance],
    decision: Decision | None,
    today: date,
) -> FindingFacts:
    highest = max(group, key=lambda finding: _order(finding.score))
    attributes: Mapping[str, Any] = instances[highest.instance_id].attributes
    return FindingFacts(
        key=key,
        # What is no number is counted as such: missing is what was never said.
        score=highest.score if math.isfinite(highest.score) else math.nan,
        flagged=any(finding.flagged for finding in group),
        levels=levels(attributes),
        decision=decision,
        # A decision may overtake its run's record; nobody has looked at it before today.
        decision_known_day=today,
    )


def _order(score: float) -> float:
    return score if math.isfinite(score) else -math.inf


def decisions_of(session: ReadSession, actor: Actor, run_id: str) -> dict[str, Decision]:
    """Return the latest decision on each finding key of a run."""
    keys = {finding.id: finding.key for finding in runs.findings(session, actor, run_id)}
    made = decisions.of_run(session, actor, run_id)
    in_order = sorted(made, key=lambda decision: (decision.decided_at, decision.id))
    return {keys[decision.finding_id]: decision.decision for decision in in_order}
