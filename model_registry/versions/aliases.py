"""Names that stand for a version of a model until they are moved: champion, challenger, and others.

An alias is a row with a beginning, and an end once it is moved: what it stood for on any day stays
on record. It never stands for what was refused or withdrawn.
"""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import IntegrityError

from model_registry.versions import repository
from model_registry.versions.errors import (
    AliasAmbiguous,
    AliasMoved,
    BadAlias,
    NotAllowedNow,
    NotTheNetwork,
    UnknownAlias,
    UnknownModel,
    UnknownVersion,
    VersionTaken,
)
from model_registry.versions.models import Model, ModelAlias, ModelVersion, VersionStatus
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.discretion import without_words
from vigil.kernel.identity.roles import Permission

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
NEVER: Final = frozenset({VersionStatus.REFUSED, VersionStatus.WITHDRAWN})
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_RESERVED: Final = frozenset({CHAMPION, CHALLENGER})
_WORDS: Final = ("set_by", "set_by_label", "reason", "ended_by", "ended_by_label", "end_reason")


def set_alias(
    session: WriteSession,
    actor: Actor,
    *,
    model_id: str,
    name: str,
    version_id: str,
    reason: str,
    seen: str | None = None,
) -> ModelAlias:
    """Let a name stand for a version of a model, in place of what it stood for.

    Args:
        session: the transaction.
        actor: who decides; somebody of the network.
        model_id: whose alias.
        name: such as `champion`.
        version_id: what it is to stand for.
        reason: why.
        seen: the version that the actor saw the alias stand for; None asks for no agreement.

    Raises:
        BadAlias: the name is none.
        AliasAmbiguous: a version of the model carries the name as its label.
        NotAllowedNow: the version was refused or withdrawn.
        AliasMoved: somebody else moved it since the actor looked.
    """
    model = _writable(session, actor, model_id)
    _check_name(name)
    version = repository.version(session, actor, version_id)
    if version is None or version.model_id != model.id:
        raise UnknownVersion("This model has no such version.")
    if repository.version_of(session, model.id, name) is not None:
        raise AliasAmbiguous(f"Version {name} of this model exists: choose another name.")
    repository.hold(session, version)
    if version.status in NEVER:
        raise NotAllowedNow(f"The version is {version.status.value}: no alias stands for it.")
    standing = repository.standing_alias(session, model.id, name)
    if seen is not None and seen != (standing.version_id if standing else ""):
        raise AliasMoved("It stands for another version than you saw. Look again.")
    if standing is not None:
        if standing.version_id == version.id:
            return standing
        _end(session, actor, standing, reason)
    return _begin(session, actor, name, version, reason)


def clear_alias(
    session: WriteSession, actor: Actor, *, model_id: str, name: str, reason: str
) -> ModelAlias:
    """End an alias: the name stands for nothing.

    Raises:
        UnknownAlias: it does so already.
    """
    model = _writable(session, actor, model_id)
    standing = repository.standing_alias(session, model.id, name)
    if standing is None:
        raise UnknownAlias(f"The model has no alias {name[:40]}.")
    _end(session, actor, standing, reason)
    audit.record(session, actor, "registry:alias:clear", model.id, reason, alias=name)
    return standing


def standing(session: ReadSession, actor: Actor, model_id: str) -> Sequence[ModelAlias]:
    """Return the aliases of a model as they are now, by name."""
    model = _readable(session, actor, model_id)
    return [alias_to(actor, one) for one in repository.standing_aliases(session, [model.id])]


def alias_to(actor: Actor, alias: ModelAlias) -> ModelAlias:
    """Return an alias as the actor may read it: the network's words are not for a supplier."""
    return without_words(actor, alias, _WORDS)


def end_all_of(session: WriteSession, actor: Actor, version: ModelVersion, reason: str) -> None:
    """End every alias of a version that was refused or withdrawn."""
    for alias in repository.standing_for(session, version.id):
        _end(session, actor, alias, f"The version is {version.status.value}: {reason}")
        audit.record(
            session, actor, "registry:alias:clear", version.model_id, reason, alias=alias.name
        )


def refuse_label(session: ReadSession, model: Model, label: str) -> None:
    """Refuse a label that would be mistaken for an alias.

    Raises:
        VersionTaken: it is one, or is kept for one.
    """
    if label in _RESERVED or repository.standing_alias(session, model.id, label) is not None:
        raise VersionTaken(f"{label} is the name of an alias. Give the version another label.")


def _begin(
    session: WriteSession, actor: Actor, name: str, version: ModelVersion, reason: str
) -> ModelAlias:
    alias = ModelAlias(
        id=session.new_id("als"),
        model_id=version.model_id,
        name=name,
        version_id=version.id,
        set_by=actor.id,
        set_by_label=actor.label,
        set_at=session.now(),
        reason=reason,
    )
    session.add(alias)
    try:
        session.flush()
    except IntegrityError:
        raise AliasMoved("Somebody else set it at the same time. Look again.") from None
    facts = {"alias": name, "version": version.id}
    audit.record(session, actor, "registry:alias:set", version.model_id, reason, **facts)
    return alias


def _end(session: WriteSession, actor: Actor, alias: ModelAlias, reason: str) -> None:
    alias.ended_at = session.now()
    alias.ended_by, alias.ended_by_label = actor.id, actor.label
    alias.end_reason = reason
    session.add(alias)
    session.flush()


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        remedy = "Begin with a small letter; use small letters, digits and hyphens, 32 at most"
        raise BadAlias.because([Fault("name", "not a name for an alias", remedy)])


def _readable(session: ReadSession, actor: Actor, model_id: str) -> Model:
    actor.require(Permission.REGISTRY_READ)
    found = repository.model(session, actor, model_id)
    if found is None:
        raise UnknownModel("No model has this id, or it belongs to another supplier.")
    return found


def _writable(session: ReadSession, actor: Actor, model_id: str) -> Model:
    found = _readable(session, actor, model_id)
    actor.require(Permission.ALIAS_WRITE)
    if not actor.may_everywhere(Permission.ALIAS_WRITE):
        raise NotTheNetwork("An alias is every site's: the network's own people set it.")
    return found
