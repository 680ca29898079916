"""From a test's rows to its result: evaluate, keep the document, lay it before the officer."""

from collections.abc import Mapping
from typing import Any

from model_registry.packages.documents import read_card
from model_registry.packages.layout import CARD
from model_registry.safety import service as safety
from model_registry.safety.configuration import effective_thresholds
from model_registry.safety.models import AcceptanceKind
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from surveillance.local_tests import claims as claim_lines
from surveillance.local_tests import repository
from surveillance.local_tests.cases import scored
from surveillance.local_tests.claims import Claim
from surveillance.local_tests.document import judge
from surveillance.local_tests.models import LocalTest, LocalTestState, Verdict
from surveillance.local_tests.needs import Need, needs
from surveillance.local_tests.repository import Judged
from surveillance.local_tests.rule import Rule, canonical, digest_of
from surveillance.local_tests.service import check_rule, local_test
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore
from vigil.kernel.parts import Parts


def claims_of(objects: ObjectStore, version: ModelVersion) -> list[Claim]:
    """Return what the supplier claims on the card in the version's package."""
    package = versions.package(objects, version)
    return claim_lines.read(read_card(package.read(CARD)), package.manifest.findings)


def needs_of(
    session: ReadSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    version_id: str,
    site_id: str,
    rule: Rule,
    thresholds: Mapping[str, float],
) -> list[Need]:
    """Return what a rule would need of this version, before anything is planned."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    version = versions.version(session, actor, version_id)
    check_rule(version, rule)
    at = effective_thresholds(version, dict(thresholds))
    return needs(rule, claims_of(objects, version), at)


def evaluate(parts: Parts, actor: Actor, test_id: str) -> dict[str, str]:
    """Evaluate a test whose cases have all been run; return the document's digest and verdict."""
    with parts.database.read() as session:
        row = local_test(session, actor, test_id)
        version = versions.version(session, actor, row.version_id)
        cases = repository.judged(session, actor, row.id)
        facts = _facts(session, actor, row, version, cases)
    judged = judge(
        facts,
        Rule.model_validate(row.rule),
        [scored(one) for one in cases],
        claims_of(parts.objects, version),
        effective_thresholds(version, row.thresholds),
        {finding.key: finding.name for finding in versions.manifest(version).findings},
    )
    digest = parts.objects.put(canonical(judged.document))
    return {"digest": digest, "verdict": judged.verdict.value}


def finish(
    session: WriteSession, actor: Actor, objects: ObjectStore, test_id: str, facts: dict[str, str]
) -> LocalTest:
    """Give a test its result, and draft the acceptance that the site's officer may sign."""
    row = local_test(session, actor, test_id)
    if row.state is LocalTestState.FINISHED:
        return row
    row.result_digest, row.verdict = facts["digest"], Verdict(facts["verdict"])
    said = row.verdict.value.replace("_", " ")
    acceptance = safety.draft_acceptance(
        session,
        actor,
        objects,
        kind=AcceptanceKind.LOCAL_TEST,
        version_id=row.version_id,
        site_id=row.site_id,
        thresholds=row.thresholds,
        content=objects.get(row.result_digest),
        passed=row.verdict is Verdict.PASSED,
        local_test_id=row.id,
        reason=f"local acceptance test {row.id}: {said}",
    )
    row.acceptance_id = acceptance.id
    row.state, row.finished_at = LocalTestState.FINISHED, session.now()
    session.add(row)
    session.flush()
    audit.record(
        session, actor, "surveillance:local_test:finish", row.id, said, result=row.result_digest
    )
    return row


def give_up(session: WriteSession, actor: Actor, test_id: str, why: str) -> None:
    """Note that a test could not be brought to its end; its cases stay as they are."""
    row = local_test(session, actor, test_id)
    row.state, row.finished_at, row.note = LocalTestState.FAILED, session.now(), why
    session.add(row)
    session.flush()
    audit.record(session, actor, "surveillance:local_test:fail", row.id, why)


def _facts(
    session: ReadSession,
    actor: Actor,
    row: LocalTest,
    version: ModelVersion,
    cases: list[Judged],
) -> dict[str, Any]:
    model = versions.model(session, actor, version.model_id)
    before = repository.earlier(session, actor, row)
    return {
        "id": row.id,
        "title": row.title,
        "site": session.get_one(Site, row.site_id).ods_code,
        "model": model.name,
        "version": version.version,
        "version_digest": row.version_digest,
        "configuration_digest": row.configuration_digest,
        "site_thresholds": row.thresholds,
        "rule_digest": row.rule_digest,
        "planned_by": row.planned_by,
        "planned_at": row.planned_at.isoformat(),
        "started_at": row.started_at.isoformat() if row.started_at else None,
        "labels": row.intake,
        "studies": row.studies,
        # So that what was tested can be told, and tested again, without naming it.
        "inputs_digest": digest_of(sorted({case.pins or "" for case, _ in cases})),
        "earlier_tests": [
            {"id": one.id, "verdict": one.verdict.value if one.verdict else one.state.value}
            for one in before
        ],
    }
