"""Admit a version: run every check, keep each verdict, and say whether people may look at it."""

from collections.abc import Iterable, Sequence
from typing import Any

from model_registry.admission import repository
from model_registry.admission.checks import NAMES, Examination, Verdict
from model_registry.admission.errors import AlreadyDecided
from model_registry.admission.models import AdmissionCheck
from model_registry.admission.runner import GoldenRunner
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import ObjectStore

_BEFORE_PEOPLE = frozenset({VersionStatus.SUBMITTED, VersionStatus.CHECKED, VersionStatus.REFUSED})


def admit(
    session: WriteSession,
    actor: Actor,
    *,
    version: ModelVersion,
    runner: GoldenRunner,
    objects: ObjectStore,
) -> list[AdmissionCheck]:
    """Run the checks and keep them, in one transaction.

    A worker examines first and keeps afterwards (`examine`, `keep`), or the database would be
    locked for as long as the model runs.
    """
    verdicts = examine(digest=version.digest, runner=runner, objects=objects)
    return keep(session, actor, version=version, verdicts=verdicts)


def examine(
    *,
    digest: str,
    runner: GoldenRunner,
    objects: ObjectStore,
) -> list[Verdict]:
    """Run every check of the package under `digest`; writes nothing."""
    return list(Examination(objects, digest, runner).verdicts())


def keep(
    session: WriteSession, actor: Actor, *, version: ModelVersion, verdicts: Iterable[Verdict]
) -> list[AdmissionCheck]:
    """Keep the verdicts in place of former ones, and set the version's status by them.

    Raises:
        AlreadyDecided: the version was approved or withdrawn meanwhile.
    """
    if version.status not in _BEFORE_PEOPLE:
        raise AlreadyDecided(f"The version is {version.status.value}.")
    for former in repository.checks_of(session, version.id):
        session.delete(former)
    session.flush()
    checks = [_row(session, version, verdict) for verdict in verdicts]
    session.add_all(checks)
    failed = [check.name for check in checks if not check.passed]
    versions.set_status(
        session,
        actor,
        version_id=version.id,
        status=VersionStatus.REFUSED if failed else VersionStatus.CHECKED,
        reason=f"failed: {', '.join(failed)}" if failed else f"passed {len(checks)} checks",
    )
    return checks


def checks(session: ReadSession, actor: Actor, version_id: str) -> Sequence[AdmissionCheck]:
    """Return what admission found about a version that the actor may read."""
    version = versions.version(session, actor, version_id)
    return repository.checks_of(session, version.id)


def has_passed(session: ReadSession, actor: Actor, version_id: str) -> bool:
    """Whether every check was run and passed: the release gate asks this."""
    found = checks(session, actor, version_id)
    return {check.name for check in found if check.passed} == set(NAMES)


def _row(session: WriteSession, version: ModelVersion, verdict: Verdict) -> AdmissionCheck:
    facts: dict[str, Any] = {"passed": verdict.passed, "evidence": verdict.evidence}
    return AdmissionCheck(
        id=session.new_id("adm"),
        version_id=version.id,
        name=verdict.name,
        seconds=verdict.seconds,
        at=session.now(),
        **facts,
    )
