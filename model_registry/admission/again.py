"""Check a refused version once more on the same bytes, where the answer may be another one now.

Most of what refuses a package is in its bytes and stays. Three things are not: whether the network
trusts the key that it is signed with, what was measured on a machine that did other work too, and
an examination that could not be completed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from model_registry.admission import repository
from model_registry.admission.errors import NotAgain
from model_registry.admission.models import AdmissionCheck, Status
from model_registry.keys.models import KeyStatus, SupplierKey
from model_registry.keys.repository import keys_of
from model_registry.versions import service as versions
from model_registry.versions.errors import NotTheNetwork
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

INCOMPLETE: Final = "examination"
_KEPT = 500
_MEASURED: Final = {
    INCOMPLETE: "The examination could not be completed.",
    "resources": "Its time and memory were measured on a machine that may have been busy.",
}


@dataclass(frozen=True)
class Again:
    """Whether the checks may be run once more on the same bytes, and why, in a sentence."""

    possible: bool
    why: str


def standing(session: ReadSession, version: ModelVersion) -> Again:
    """Say whether a version may be checked again, for a caller who may read it."""
    if version.status is not VersionStatus.REFUSED:
        return Again(possible=False, why=f"It was not refused: it is {version.status.value}.")
    failed = _failed(repository.checks_of(session, version.id))
    answers = [_of(session, version, check) for check in failed]
    hopeless = [one for one in answers if not one.possible]
    return Again(
        possible=bool(answers) and not hopeless,
        why=" ".join(one.why for one in hopeless or answers) or "No check of it is on record.",
    )


def ask(
    session: WriteSession, actor: Actor, queue: Queue, *, version_id: str, reason: str
) -> ModelVersion:
    """Have a worker check a refused version again; what it found the last time goes to the audit.

    Raises:
        NotAgain: the answer would be the same.
        Forbidden: the actor is neither of its supplier nor of the network.
    """
    found = versions.version(session, actor, version_id)
    _check_may(actor)
    again = standing(session, found)
    if not again.possible:
        raise NotAgain(again.why)
    failed = _failed(repository.checks_of(session, found.id))
    evidence = {check.name: check.evidence[:_KEPT] for check in failed}
    audit.record(session, actor, "registry:version:recheck", found.id, reason, failed=evidence)
    # One more examination for each refusal, however often it is asked for.
    key = f"{versions.ADMIT}:{found.id}:{failed[0].id}"
    queue.enqueue(session, versions.ADMIT, found.id, key=key)
    return found


def may_ask(actor: Actor) -> bool:
    """Whether the deed is worth showing to the actor, of a version that they may read."""
    if actor.supplier_id is not None:
        return actor.may(Permission.VERSION_SUBMIT)
    return actor.may_everywhere(Permission.VERSION_APPROVE)


def _check_may(actor: Actor) -> None:
    actor.require(Permission.VERSION_SUBMIT if actor.supplier_id else Permission.VERSION_APPROVE)
    if not may_ask(actor):
        raise NotTheNetwork("Its supplier or the network has it checked again.")


def _failed(checks: Sequence[AdmissionCheck]) -> list[AdmissionCheck]:
    return [check for check in checks if check.state is Status.FAILED]


def _of(session: ReadSession, version: ModelVersion, check: AdmissionCheck) -> Again:
    if check.name in _MEASURED:
        return Again(possible=True, why=_MEASURED[check.name])
    if check.name == "signature":
        return _of_signature(session, version, check)
    why = f"The check {check.name} asks for other bytes: submit them under a new label."
    return Again(possible=False, why=why)


def _of_signature(session: ReadSession, version: ModelVersion, check: AdmissionCheck) -> Again:
    key_id = (check.facts or {}).get("key_id")
    known = keys_of(session, version.organisation_id)
    key = next(
        (one for one in known if key_id == one.key_id or check.supplier_key_id == one.id), None
    )
    if key is not None:
        return _of_key(key)
    if key_id is None:
        why = "It is not signed, or not with these files: sign it and submit it under a new label."
        return Again(possible=False, why=why)
    why = f"The key {key_id} was never proposed. Propose it, and ask the network to trust it."
    return Again(possible=False, why=why)


def _of_key(key: SupplierKey) -> Again:
    match key.status:
        case KeyStatus.TRUSTED:
            return Again(possible=True, why=f"The key {key.key_id} is trusted now.")
        case KeyStatus.PROPOSED:
            why = f"The key {key.key_id} is not trusted yet. Ask the network to trust it first."
        case KeyStatus.REVOKED:
            why = f"The key {key.key_id} was revoked: sign with another, under a new label."
    return Again(possible=False, why=why)
