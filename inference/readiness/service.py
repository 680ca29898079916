"""See who is ready for what, and record what only a document can show.

Readiness opens no gate and closes none (design invariant 5 lists those): it is shown beside them,
so that nobody learns at go-live what was lacking for months (docs/adr/0019-site-readiness.md).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from inference.readiness import repository
from inference.readiness.errors import BadEvidence, NotForSuppliers, UnknownEvidence
from inference.readiness.items import BY_KEY, Item, ItemKey, Kind, Scope
from inference.readiness.matrix import Facts
from inference.readiness.models import Evidence
from model_registry.versions import service as versions
from model_registry.versions.models import Model
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Forbidden, NotFound
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.objects import ObjectStore

MAX_DOCUMENT = 20_000_000
MAX_TEXT = 300


@dataclass(frozen=True)
class Document:
    """A file as it was handed in."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Due:
    """Evidence that ends soon, or has ended, and where it is needed."""

    evidence: Evidence
    item: Item
    site: Site | None
    model: Model | None
    is_expired: bool


@dataclass(frozen=True)
class About:
    """What evidence is about, once the item's scope is known."""

    item: Item
    organisation_id: str
    site_id: str | None
    model_id: str | None


def facts(
    session: ReadSession,
    actor: Actor,
    *,
    site_ids: Collection[str] | None = None,
    model_id: str | None = None,
) -> Facts:
    """Read what is known of the actor's sites, or of these of them.

    Raises:
        NotForSuppliers: the actor is a supplier.
    """
    require_reader(actor)
    return Facts.read(session, actor, site_ids=site_ids, model_id=model_id)


def record(
    session: WriteSession,
    actor: Actor,
    objects: ObjectStore,
    *,
    item: ItemKey,
    site_id: str | None,
    model_id: str | None,
    reference: str,
    owner: str,
    valid_from: date,
    expires_on: date | None,
    document: Document | None,
    reason: str,
) -> Evidence:
    """Record evidence for an item, in the place of what was recorded before.

    Without an end it holds as long as the item's evidence usually does.

    Raises:
        BadEvidence: the item is proven by Vigil itself, or a field does not fit.
    """
    about = _about(session, actor, item, site_id, model_id)
    faults = _faults(about.item, reference, owner, valid_from, expires_on, document)
    if faults:
        raise BadEvidence.because(faults)
    life = about.item.life
    made = Evidence(
        id=session.new_id("evi"),
        item=item.value,
        organisation_id=about.organisation_id,
        site_id=about.site_id,
        model_id=about.model_id,
        reference=reference.strip(),
        document_digest=objects.put(document.content) if document else None,
        document_name=_plain(document.name) if document else None,
        owner=owner.strip(),
        valid_from=valid_from,
        expires_on=expires_on or (valid_from + life if life else None),
        recorded_by=actor.id,
        recorded_at=session.now(),
        reason=reason,
    )
    _put(session, made)
    audit.record(
        session, actor, "readiness:evidence:record", made.id, reason,
        item=item.value, document=made.document_digest,
    )  # fmt: skip
    return made


def waive(
    session: WriteSession,
    actor: Actor,
    *,
    item: ItemKey,
    site_id: str | None,
    model_id: str | None,
    until: date | None,
    reason: str,
) -> Evidence:
    """Decide that an item is not needed, here or until a day: a manager's decision.

    Raises:
        Forbidden: the actor is no network manager.
        BadEvidence: the item is one of the gates, which nobody waives.
    """
    if not (actor.has_role(Role.NETWORK_MANAGER) or actor.is_system):
        raise Forbidden("That something is not needed is a network manager's decision.")
    about = _about(session, actor, item, site_id, model_id)
    if not about.item.may_be_waived:
        fault = Fault("item", "a gate", "It opens only when it is met (design invariant 5)")
        raise BadEvidence.because([fault])
    if until is not None and until < session.now().date():
        raise BadEvidence.because([Fault("until", "in the past", "Give a later day, or none")])
    made = Evidence(
        id=session.new_id("evi"),
        item=item.value,
        organisation_id=about.organisation_id,
        site_id=about.site_id,
        model_id=about.model_id,
        applies=False,
        reference="not needed",
        owner=actor.label,
        valid_from=session.now().date(),
        expires_on=until,
        recorded_by=actor.id,
        recorded_at=session.now(),
        reason=reason,
    )
    _put(session, made)
    audit.record(session, actor, "readiness:evidence:waive", made.id, reason, item=item.value)
    return made


def due(session: ReadSession, actor: Actor, within_days: int = 30) -> list[Due]:
    """Return the evidence that ends within so many days, or has ended, soonest first."""
    if actor.supplier_id is not None:
        return []
    today = session.now().date()
    found = repository.expiring(session, actor, until=today + timedelta(days=within_days))
    return [
        Due(
            one,
            BY_KEY[ItemKey(one.item)],
            session.get(Site, one.site_id) if one.site_id else None,
            session.get(Model, one.model_id) if one.model_id else None,
            is_expired=one.expires_on is not None and one.expires_on < today,
        )
        for one in found
    ]


def evidence(session: ReadSession, actor: Actor, evidence_id: str) -> Evidence:
    require_reader(actor)
    found = repository.evidence(session, actor, evidence_id)
    if found is None:
        raise UnknownEvidence("No evidence has this id, or it belongs to another site.")
    return found


def history(session: ReadSession, actor: Actor, site: Site) -> Sequence[Evidence]:
    """Return what was ever recorded for a site or its organisation."""
    require_reader(actor)
    return repository.history(session, actor, organisation_id=site.organisation_id, site_id=site.id)


def site(session: ReadSession, actor: Actor, site_id: str) -> Site:
    """Return a site that the actor may read.

    Raises:
        NotFound: there is none of this id, or it is another's.
    """
    require_reader(actor)
    found = session.get(Site, site_id) if actor.reads_site(site_id) else None
    if found is None:
        raise NotFound("No site has this id, or it is not yours to read.")
    return found


def require_reader(actor: Actor) -> None:
    actor.require(Permission.REGISTRY_READ)
    if actor.supplier_id is not None:
        raise NotForSuppliers("What a site has ready is shown to the site and the network.")


def _about(
    session: ReadSession, actor: Actor, key: ItemKey, site_id: str | None, model_id: str | None
) -> About:
    """Return what evidence is about, and refuse who may not speak for it."""
    item = BY_KEY[key]
    model = (
        versions.model(session, actor, model_id) if model_id and item.scope.names_model else None
    )
    if item.scope.names_model and model is None:
        fault = Fault("model_id", "missing", "Say which model: the item depends on it")
        raise BadEvidence.because([fault])
    if item.scope is Scope.MODEL and model is not None:
        actor.require(Permission.READINESS_WRITE)
        if actor.sites is not None:
            raise Forbidden("This holds for every site. The network records it.")
        return About(item, model.organisation_id, None, model.id)
    if site_id is None:
        raise BadEvidence.because([Fault("site", "missing", "Say which site")])
    at = site(session, actor, site_id)
    actor.require(Permission.READINESS_WRITE, at.id)
    is_wide = item.scope is Scope.ORGANISATION
    return About(item, at.organisation_id, None if is_wide else at.id, model.id if model else None)


def _faults(
    item: Item,
    reference: str,
    owner: str,
    valid_from: date,
    expires_on: date | None,
    document: Document | None,
) -> list[Fault]:
    faults = []
    if item.kind is Kind.PROVEN:
        remedy = "Nobody can record it: make it happen, and it shows"
        faults.append(Fault("item", f"{item.key.value} is proven by Vigil's own data", remedy))
    for name, text in (("reference", reference), ("owner", owner)):
        if not 1 <= len(text.strip()) <= MAX_TEXT:
            faults.append(Fault(name, "empty or too long", f"Give up to {MAX_TEXT} characters"))
    if expires_on is not None and expires_on <= valid_from:
        faults.append(Fault("expires_on", "not after valid_from", "Give a later day"))
    if document is not None and not 0 < len(document.content) <= MAX_DOCUMENT:
        remedy = f"Give a file of up to {MAX_DOCUMENT // 1_000_000} MB"
        faults.append(Fault("document", "empty or too large", remedy))
    return faults


def _put(session: WriteSession, made: Evidence) -> None:
    session.add(made)
    session.flush()
    for earlier in repository.same_place(session, made):
        earlier.superseded_by = made.id
        session.add(earlier)
    session.flush()


def _plain(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "._- " else "_" for c in name.rpartition("/")[2])
    return kept.strip()[:100] or "document"
