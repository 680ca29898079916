"""Plan a test, give it labels, run it, and read it back. What is fixed stays fixed.

The order is the point: the rule first, then the labels, then the run. Each step closes the one
before it (docs/adr/0017-local-acceptance-tests.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from model_registry.deployments import repository as deployments
from model_registry.deployments.models import Mode
from model_registry.packages.manifest import faults_of
from model_registry.safety.configuration import check_thresholds, configuration_digest
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from surveillance.local_tests import labels, repository
from surveillance.local_tests.errors import (
    AlreadyStarted,
    BadRule,
    NotAdmitted,
    NothingToRun,
    NotJudgedYet,
    UnknownTest,
)
from surveillance.local_tests.intake import Intake, take_in
from surveillance.local_tests.models import LocalTest, LocalTestCase, LocalTestState
from surveillance.local_tests.planned import plan_faults
from surveillance.local_tests.rule import Rule, faults_against
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.errors import UnknownSite
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore, sha256

RUN = "local_tests.run"
ADMITTED = frozenset({VersionStatus.CHECKED, VersionStatus.APPROVED})


def read_rule(value: Any) -> Rule:
    """Return the rule that this document is.

    Raises:
        BadRule: it is none; every fault is named.
    """
    try:
        return Rule.model_validate(value)
    except ValidationError as error:
        raise BadRule.because(faults_of(error, "rule")) from None


def check_rule(version: ModelVersion, rule: Rule) -> None:
    """Go on only if each finding of the model is tested or left out, and no other is named.

    Raises:
        BadRule: that is not so.
    """
    faults = faults_against(rule, versions.manifest(version).findings)
    if faults:
        raise BadRule.because(faults)


def check_plan(
    session: ReadSession, version: ModelVersion, rule: Rule, thresholds: Mapping[str, float]
) -> None:
    """Go on only if the rule and the site's thresholds fit the version and its change plan.

    Raises:
        BadRule: the rule does not.
        BadThresholds: a threshold does not.
    """
    check_thresholds(version, dict(thresholds))
    check_rule(version, rule)
    faults = plan_faults(session, version, rule)
    if faults:
        raise BadRule.because(faults)


def site_of(session: ReadSession, actor: Actor, site_id: str) -> Site:
    """Return a site at which the actor may plan a test.

    Raises:
        UnknownSite: there is none of this id, or it is another's.
        Forbidden: the actor may read it, and not plan a test there.
    """
    found = session.get(Site, site_id) if actor.reads_site(site_id) else None
    if found is None:
        raise UnknownSite("No site has this id, or it is not yours to read.")
    actor.require(Permission.LOCAL_TEST_RUN, found.id)
    return found


def thresholds_in_use(
    session: ReadSession, actor: Actor, version: ModelVersion, site_id: str
) -> dict[str, float]:
    """Return the site's own thresholds of a version that may be run there.

    Raises:
        NotAdmitted: the version has not passed its checks, or was withdrawn.
    """
    return _in_use(session, actor, _admitted(session, actor, version.id).id, site_id)


def plan(
    session: WriteSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    title: str,
    rule: Rule,
    thresholds: Mapping[str, float] | None = None,
    reason: str,
) -> LocalTest:
    """Fix what will be tested and what will count as a pass. None of it can be changed later.

    `thresholds` are the site's own; where none are given, those of its deployment in use.

    Raises:
        BadRule: a finding of the model is neither tested nor left out, or is none of its; nobody
            can fail a bar; or the change plan that covers the version asks more.
        BadThresholds: a threshold does not fit the model.
        NotAdmitted: the version has not passed its checks, or was withdrawn.
    """
    actor.require(Permission.LOCAL_TEST_RUN, site_id)
    version = _admitted(session, actor, version_id)
    own = _in_use(session, actor, version.id, site_id) if thresholds is None else dict(thresholds)
    check_plan(session, version, rule, own)
    if not title.strip():
        raise Invalid.because([Fault("title", "empty", "Name the test")])
    row = LocalTest(
        id=session.new_id("lt"),
        site_id=site_id,
        version_id=version.id,
        version_digest=version.digest,
        thresholds=own,
        configuration_digest=configuration_digest(version, own),
        title=title.strip(),
        rule=rule.as_json(),
        rule_digest=rule.digest,
        planned_by=actor.id,
        planned_at=session.now(),
    )
    session.add(row)
    session.flush()
    facts = {"rule": row.rule_digest, "configuration": row.configuration_digest}
    audit.record(session, actor, "surveillance:local_test:plan", row.id, reason, **facts)
    return row


def add_labels(
    session: WriteSession, actor: Actor, *, test_id: str, content: bytes, reason: str
) -> Intake:
    """Take in a table of labels; what cannot be used is named and counted, and the rest counts.

    Raises:
        BadLabels: the table as a whole cannot be used.
        AlreadyStarted: the run has begun.
    """
    row = _open(session, actor, test_id)
    rule = Rule.model_validate(row.rule)
    table = labels.read(content, rule.unit, rule.keys)
    intake = take_in(session, actor, row, table, sha256(content))
    row.intake = [*row.intake, intake.as_json()]
    session.add(row)
    session.flush()
    audit.record(
        session, actor, "surveillance:local_test:label", row.id, reason, **intake.as_json()
    )
    return intake


def start(
    session: WriteSession, actor: Actor, queue: Queue, *, test_id: str, reason: str
) -> LocalTest:
    """Close the labels and have a worker run every case.

    Raises:
        AlreadyStarted: it was begun before.
        NothingToRun: no case is labelled.
    """
    row = _open(session, actor, test_id)
    _admitted(session, actor, row.version_id)
    row.studies = len(repository.study_ids(session, actor, row.id))
    if not row.studies:
        raise NothingToRun("No case is labelled yet: give the test a table of labels first.")
    row.state = LocalTestState.RUNNING
    row.started_at, row.started_by = session.now(), actor.id
    session.add(row)
    session.flush()
    audit.record(
        session, actor, "surveillance:local_test:start", row.id, reason, studies=row.studies
    )
    queue.enqueue(session, RUN, row.id, key=row.id)
    return row


def local_test(session: ReadSession, actor: Actor, test_id: str) -> LocalTest:
    """Return a test that the actor may read.

    Raises:
        UnknownTest: there is none, or it is another site's.
    """
    actor.require(Permission.SURVEILLANCE_READ)
    found = repository.local_test(session, actor, test_id)
    if found is None:
        raise UnknownTest("No acceptance test has this id, or it is another site's.")
    return found


def local_tests(session: ReadSession, actor: Actor, **narrow: Any) -> Sequence[LocalTest]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.local_tests(session, actor, **narrow)


def cases(
    session: ReadSession, actor: Actor, test_id: str, *, after: str | None, limit: int | None
) -> Sequence[LocalTestCase]:
    """Return cases with their scores, for those of the site who may open the studies."""
    actor.require(Permission.STUDY_READ)
    found = local_test(session, actor, test_id)
    return repository.cases(session, actor, found.id, after=after, limit=limit)


def document(session: ReadSession, actor: Actor, objects: ObjectStore, test_id: str) -> bytes:
    """Return the result document.

    Raises:
        NotJudgedYet: the test has not ended.
    """
    row = local_test(session, actor, test_id)
    if row.result_digest is None:
        raise NotJudgedYet(f"The test is {row.state.value}: it has no result yet.")
    return objects.get(row.result_digest)


def _open(session: WriteSession, actor: Actor, test_id: str) -> LocalTest:
    """Return a test whose labels are still open, held for the rest of the transaction."""
    row = repository.locked(session, actor, local_test(session, actor, test_id).id)
    if row is None:
        raise UnknownTest("No acceptance test has this id, or it is another site's.")
    actor.require(Permission.LOCAL_TEST_RUN, row.site_id)
    if row.state is not LocalTestState.PLANNED:
        raise AlreadyStarted(f"It is {row.state.value}. Plan a new test: the old one stays.")
    return row


def _admitted(session: ReadSession, actor: Actor, version_id: str) -> ModelVersion:
    """Return a version that may be run on real studies."""
    version = versions.version(session, actor, version_id)
    if version.status not in ADMITTED:
        raise NotAdmitted(f"The version is {version.status.value}: it is not run on real studies.")
    return version


def _in_use(session: ReadSession, actor: Actor, version_id: str, site_id: str) -> dict[str, float]:
    """Return the thresholds of the version's deployment at the site, if it has one."""
    found = [
        deployment
        for deployment in deployments.of_version(session, actor, version_id)
        if deployment.site_id == site_id and deployment.mode is not Mode.RETIRED
    ]
    return dict(found[0].thresholds) if found else {}
