"""Admit a version: run every check, keep each verdict, and say whether people may look at it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from model_registry.admission import repository
from model_registry.admission.checks import NAMES, Examination
from model_registry.admission.errors import AlreadyDecided
from model_registry.admission.models import AdmissionCheck, Status
from model_registry.admission.runner import GoldenRunner
from model_registry.admission.verdict import Verdict
from model_registry.keys import repository as keys_repository
from model_registry.keys import service as supplier_keys
from model_registry.keys.models import KeyStatus, SupplierKey
from model_registry.keys.service import KnownKey, known_keys
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
    known = known_keys(session, version.organisation_id)
    verdicts = examine(digest=version.digest, runner=runner, objects=objects, keys=known)
    return keep(session, actor, version=version, verdicts=verdicts)


def examine(
    *,
    digest: str,
    runner: GoldenRunner,
    objects: ObjectStore,
    keys: Sequence[KnownKey],
) -> list[Verdict]:
    """Run every check of the package under `digest`; writes nothing.

    Args:
        digest: of the package's archive.
        runner: runs the model.
        objects: where the archive is.
        keys: those of its supplier (`known_keys`): it must be signed with one.
    """
    return list(Examination(objects, digest, runner, keys).verdicts())


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
    checks = [_row(session, version, _as_of_now(session, verdict)) for verdict in verdicts]
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
    return sorted(repository.checks_of(session, version.id), key=_place)


def _place(check: AdmissionCheck) -> tuple[int, str]:
    """In the order in which they are asked; a check that is not asked any more comes last."""
    is_known = check.name in NAMES
    return (NAMES.index(check.name) if is_known else len(NAMES), check.name)


def has_passed(session: ReadSession, actor: Actor, version_id: str) -> bool:
    """Whether every check that there is was run and passed."""
    found = checks(session, actor, version_id)
    return {check.name for check in found if check.passed} == set(NAMES)


def signer(session: ReadSession, actor: Actor, version_id: str) -> SupplierKey | None:
    """Return the key that a version is signed with as it stands today: trusted, or revoked since.

    None for a version that was checked before packages were signed, or is not checked yet.
    """
    found = [check.supplier_key_id for check in checks(session, actor, version_id)]
    row_id = next((row_id for row_id in found if row_id), None)
    return keys_repository.key(session, actor, row_id) if row_id else None


def signed_with(session: ReadSession, actor: Actor, row_id: str) -> Sequence[ModelVersion]:
    """Return the versions that are signed with a key, the newest first: what its loss concerns."""
    found = supplier_keys.key(session, actor, row_id)
    return repository.versions_signed_with(session, actor, found.id)


def _as_of_now(session: ReadSession, verdict: Verdict) -> Verdict:
    """Fail a signature whose key was revoked while the model was still being examined."""
    if not verdict.passed or verdict.supplier_key_id is None:
        return verdict
    key = session.get_one(SupplierKey, verdict.supplier_key_id)
    if key.status is KeyStatus.TRUSTED:
        return verdict
    evidence = f"the key {key.key_id} was {key.status.value} meanwhile. Sign with another key"
    return replace(verdict, passed=False, status=Status.FAILED, evidence=evidence)


def _row(session: WriteSession, version: ModelVersion, verdict: Verdict) -> AdmissionCheck:
    return AdmissionCheck(
        id=session.new_id("adm"),
        version_id=version.id,
        name=verdict.name,
        passed=verdict.passed,
        status=verdict.state.value,
        evidence=verdict.evidence,
        facts=verdict.facts,
        supplier_key_id=verdict.supplier_key_id,
        seconds=verdict.seconds,
        at=session.now(),
    )
