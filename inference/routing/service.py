"""Draft and publish the rules of a site, and decide by them.

Whoever drafts a revision does not publish it (design 6). The revision in force is resolved in the
transaction that plans the runs, so that a withdrawn rule can never fire. A stop that is in force
there (model_registry.stops) is kept on the study as the reason, and no run is planned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from inference.routing import repository
from inference.routing.errors import FourEyes, NotADraft, UnknownRevision
from inference.routing.models import RevisionState, RoutingDecision, RoutingRevision
from inference.routing.rules import Attributes, ResolvedRule, Rule, digest, faults_in, judge
from inference.routing.scope import ScopeChange, compare
from inference.runs.models import Priority
from inference.studies.models import Study
from model_registry.deployments import service as deployments
from model_registry.deployments.models import Deployment
from model_registry.safety import staleness
from model_registry.stops import service as stops
from model_registry.versions import service as versions
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

NO_RULES = "no routing rules are published at this site"


@dataclass(frozen=True)
class Assignment:
    """A study that a rule sends to a deployment."""

    deployment: Deployment
    revision: RoutingRevision
    rule: str
    priority: Priority


def draft(
    session: WriteSession, actor: Actor, *, site_id: str, rules: Sequence[Rule], reason: str
) -> RoutingRevision:
    """Write the next revision of a site's rules, as a draft.

    Raises:
        Invalid: a condition is not CEL, names an unknown attribute, or a model does not exist.
    """
    actor.require(Permission.RULE_WRITE, site_id)
    resolved, unknown = _resolve(session, actor, rules)
    faults = faults_in(rules) + unknown
    if faults:
        raise Invalid.because(faults)
    revision = RoutingRevision(
        id=session.new_id("rev"),
        site_id=site_id,
        number=repository.last_number(session, site_id) + 1,
        state=RevisionState.DRAFT,
        rules=[rule.model_dump(mode="json") for rule in resolved],
        digest=digest(resolved),
        reason=reason,
        drafted_by=actor.id,
        drafted_at=session.now(),
    )
    session.add(revision)
    session.flush()
    audit.record(session, actor, "routing:revision:draft", revision.id, reason, site=site_id)
    return revision


def publish(session: WriteSession, actor: Actor, *, revision_id: str, reason: str) -> None:
    """Put a draft in force, in place of the revision before it.

    Raises:
        FourEyes: the actor drafted it.
        NotADraft: it is in force, or was replaced, already.
    """
    revision = repository.revision(session, actor, revision_id)
    if revision is None:
        raise UnknownRevision("No routing revision has this id.")
    actor.require(Permission.RULE_PUBLISH, revision.site_id)
    if revision.state is not RevisionState.DRAFT:
        raise NotADraft(f"Revision {revision.number} is {revision.state.value}.")
    if actor.is_system or revision.drafted_by == actor.id:
        raise FourEyes("The person who drafted the rules cannot publish them.")
    before = repository.published(session, revision.site_id)
    if before is not None:
        before.state = RevisionState.SUPERSEDED
        session.add(before)
        session.flush()
    revision.state = RevisionState.PUBLISHED
    revision.published_by, revision.published_at = actor.id, session.now()
    session.add(revision)
    session.flush()
    audit.record(session, actor, "routing:revision:publish", revision.id, reason)
    _tell_changed_scopes(session, actor, before, revision)


def decide(
    session: WriteSession, study: Study, instances: Sequence[Attributes]
) -> list[Assignment]:
    """Decide for each rule in force whether this study is sent, and keep why.

    Returns:
        One assignment for each deployment that a matching rule leads to.
    """
    revision = repository.published(session, study.site_id)
    if revision is None or not revision.rules:
        _keep(session, study, revision, "-", None, NO_RULES)
        return []
    runnable = deployments.runnable_at(session, study.site_id)
    assignments: dict[str, Assignment] = {}
    for rule in (ResolvedRule.model_validate(stored) for stored in revision.rules):
        verdict = judge(rule, instances)
        if not verdict.matched:
            _keep(session, study, revision, rule.name, None, verdict.reason)
            continue
        targets = [one for one in runnable if one.model_id == rule.model_id]
        if not targets:
            reason = f"{rule.model} is neither in shadow, canary nor live at this site"
            _keep(session, study, revision, rule.name, None, reason)
        stop = stops.active_stop(session, site_id=study.site_id, model_id=rule.model_id)
        for deployment in targets:
            if stop is not None:
                _keep(session, study, revision, rule.name, deployment, stop.sentence, sent=False)
            # The first rule that leads to a deployment sets the priority; a second adds nothing.
            elif deployment.id not in assignments:
                assignments[deployment.id] = Assignment(
                    deployment, revision, rule.name, rule.priority
                )
                _keep(session, study, revision, rule.name, deployment, verdict.reason)
    return list(assignments.values())


def _keep(
    session: WriteSession,
    study: Study,
    revision: RoutingRevision | None,
    rule: str,
    deployment: Deployment | None,
    reason: str,
    *,
    sent: bool = True,
) -> None:
    session.add(
        RoutingDecision(
            id=session.new_id("rtd"),
            study_id=study.id,
            study_revision=study.revision,
            site_id=study.site_id,
            routing_revision_id=revision.id if revision else None,
            rule=rule,
            deployment_id=deployment.id if deployment else None,
            sent=sent and deployment is not None,
            reason=reason,
            decided_at=session.now(),
        )
    )


def _resolve(
    session: WriteSession, actor: Actor, rules: Sequence[Rule]
) -> tuple[list[ResolvedRule], list[Fault]]:
    """Find the model of each rule: what its name stands for later does not move the rule."""
    resolved, faults = [], []
    for place, rule in enumerate(rules):
        model = versions.model_by_reference(session, actor, rule.model)
        if model is None:
            problem = f"there is no model {rule.model}"
            faults.append(Fault(f"rules[{place}].model", problem, "See `vigil model list`"))
        else:
            resolved.append(ResolvedRule(**rule.model_dump(), model_id=model.id))
    return resolved, faults


def _tell_changed_scopes(
    session: WriteSession, actor: Actor, before: RoutingRevision | None, after: RoutingRevision
) -> None:
    """Sign-offs hold for the scope they were given for: name each model whose own scope changed."""
    if before is None:
        return
    for model_id in sorted(_models(before) | _models(after)):
        had = _last_scope(session, before, model_id)
        if not had:
            # Never routed here: these rules are the scope that people are asked to sign for.
            continue
        change = compare(had, _conditions(after, model_id))
        if change is not ScopeChange.SAME:
            to_none = "" if model_id in _models(after) else ", to none"
            reason = f"routing revision {after.number} {change} which studies it gets{to_none}"
            staleness.routing_scope_changed(
                session, actor, site_id=after.site_id, model_id=model_id, reason=reason
            )


def _last_scope(session: WriteSession, before: RoutingRevision, model_id: str) -> list[str]:
    """Return what the model got when it was last routed here: it may have been left out since."""
    if model_id in _models(before):
        return _conditions(before, model_id)
    for former in repository.in_force_before(session, before):
        if model_id in _models(former):
            return _conditions(former, model_id)
    return []


def _models(revision: RoutingRevision) -> set[str]:
    return {rule["model_id"] for rule in revision.rules}


def _conditions(revision: RoutingRevision, model_id: str) -> list[str]:
    return [rule["when"] for rule in revision.rules if rule["model_id"] == model_id]
