"""Publish a version's card, and answer the release gate that asks for one."""

from collections.abc import Sequence
from dataclasses import dataclass

from model_registry.deployments.gates import GateStatus, Missing
from model_registry.deployments.stale import note_lost
from model_registry.packages.documents import read_card
from model_registry.packages.layout import CARD
from model_registry.safety import staleness
from model_registry.versions import service as versions
from model_registry.versions.errors import NotTheNetwork
from model_registry.versions.models import ModelVersion, VersionStatus
from transparency_cards.cards import repository
from transparency_cards.cards.errors import AlreadyPublished, NotAdmitted, UnknownCard
from transparency_cards.cards.models import Card, CardStatus
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore, sha256

_WITHDRAWN = "the card was withdrawn, and no other is in force"
ADMITTED = frozenset({VersionStatus.CHECKED, VersionStatus.APPROVED})


def publish(
    session: WriteSession, actor: Actor, objects: ObjectStore, *, version_id: str, reason: str
) -> Card:
    """Publish the card that the supplier put into the version's package.

    Raises:
        NotTheNetwork: the actor's role is for one hospital or one site.
        NotAdmitted: the version has not passed its checks.
        AlreadyPublished: it has a card in force.
    """
    _check_person(actor)
    version = versions.version_held(session, actor, version_id)
    if version.status not in ADMITTED:
        raise NotAdmitted(f"Its status is {version.status.value}.")
    if repository.in_force(session, version.id):
        raise AlreadyPublished("Withdraw that one first.")
    source = versions.package(objects, version).read(CARD)
    card = Card(
        id=session.new_id("crd"),
        version_id=version.id,
        version_digest=version.digest,
        content=read_card(source).model_dump(mode="json"),
        content_digest=sha256(source),
        status=CardStatus.PUBLISHED,
        published_by=actor.id,
        published_at=session.now(),
    )
    before = repository.newest(session, version.id)
    session.add(card)
    session.flush()
    if before is not None:
        staleness.intended_use_changed(
            session, actor, version_id=version.id, before=before.content, after=card.content
        )
    audit.record(session, actor, "card:card:publish", card.id, reason, digest=version.digest)
    return card


def withdraw(session: WriteSession, actor: Actor, *, card_id: str, reason: str) -> None:
    """Take a card out of force; what it said stays on record.

    Where its version serves patients it goes on, and is shown to lack a card.
    """
    _check_person(actor)
    card = repository.card(session, card_id)
    if card is None or card.status is not CardStatus.PUBLISHED:
        raise UnknownCard("No published card has this id.")
    versions.version(session, actor, card.version_id)
    card.status, card.withdrawn_at = CardStatus.WITHDRAWN, session.now()
    session.add(card)
    session.flush()
    audit.record(session, actor, "card:card:withdraw", card.id, reason)
    note_lost(session, actor, version_id=card.version_id, lost="card", reason=reason)


def published(
    session: ReadSession, *, before: str | None = None, limit: int | None = None
) -> Sequence[Card]:
    """Return the cards in force, the newest first."""
    return repository.published(session, before=before, limit=limit)


def card(session: ReadSession, card_id: str) -> Card:
    found = repository.card(session, card_id)
    if found is None or found.status is not CardStatus.PUBLISHED:
        raise UnknownCard("No published card has this id.")
    return found


def _check_person(actor: Actor) -> None:
    actor.require(Permission.CARD_PUBLISH)
    if actor.supplier_id is None and not actor.may_everywhere(Permission.CARD_PUBLISH):
        raise NotTheNetwork("A card is every site's: its supplier or the network publishes it.")


@dataclass(frozen=True)
class PublishedCard:
    """The release gate that wants a published card for exactly this digest (invariant 5)."""

    def missing(self, session: ReadSession, version: ModelVersion, site_id: str) -> list[Missing]:
        return [one.missing for one in self.statuses(session, version, site_id) if not one.met]

    def statuses(
        self, session: ReadSession, version: ModelVersion, site_id: str
    ) -> list[GateStatus]:
        return [self.status_of(session, version)]

    def unmet(self, session: ReadSession, versions: Sequence[ModelVersion]) -> frozenset[str]:
        published = repository.published_for(session, [one.id for one in versions])
        return frozenset(one.id for one in versions if (one.id, one.digest) not in published)

    def status_of(self, session: ReadSession, version: ModelVersion) -> GateStatus:
        card = repository.in_force(session, version.id)
        met = card is not None and card.version_digest == version.digest
        gone = None if met else repository.newest(session, version.id)
        gone_at = gone.withdrawn_at if gone else None
        return GateStatus(
            name="card",
            what="a published transparency card",
            who="the supplier or a network manager",
            met=met,
            why="published" if met else _WITHDRAWN if gone_at else "no card is in force",
            evidence_id=card.id if card else None,
            evidence_path=f"/register/{card.id}" if card else None,
            signed_at=card.published_at if card else None,
            stale_at=gone_at,
        )
