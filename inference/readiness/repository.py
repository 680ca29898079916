"""What readiness is made of, for all sites at once: a handful of queries however many there are."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from inference.associations.models import Association
from inference.delivery.models import Delivery
from inference.readiness.models import EchoProof, Evidence
from inference.readiness.standing import LEAST_RUNS, NodeFacts, Paper, ShadowFacts
from inference.runs.models import Outcome, Run, RunMode
from model_registry.deployments.models import Deployment, Mode
from model_registry.nodes.models import Node
from model_registry.safety.models import Acceptance, AcceptanceKind, SignOffStatus
from model_registry.versions.models import Model, ModelVersion, VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.repository import within_sites

_OFFERED = (VersionStatus.CHECKED, VersionStatus.APPROVED)
_FAILURES = (Outcome.FAILED, Outcome.NO_RESULT)
# Runs that show whether the version works: one that was skipped or cancelled shows nothing.
_TELLING = (Outcome.SUCCEEDED, *_FAILURES)

# Written out and not bound: only so does SQLite see that the index of shadow runs applies.
_SHADOW: Any = sa.literal(RunMode.SHADOW.value, sa.String(), literal_execute=True)

# What a hundred runs, and the failures among them, are counted in with one look at each.
_FAILED_ONES = 1000

Signed = tuple[str, str, AcceptanceKind]


@dataclass(frozen=True)
class Offer:
    """A model that a site may use, with its newest version that passed its checks."""

    model_id: str
    name: str
    title: str
    supplier_id: str
    version_id: str
    version: str


class Use(NamedTuple):
    """A deployment in use, as far as readiness asks."""

    id: str
    site_id: str
    model_id: str
    version_id: str
    mode: Mode


def sites(session: ReadSession, actor: Actor, site_ids: Collection[str] | None) -> Sequence[Site]:
    """Return the sites that the actor may read, or these of them, by their codes."""
    statement = within_sites(select(Site).order_by(Site.ods_code), actor, Site.id)
    if site_ids is not None:
        statement = statement.where(col(Site.id).in_(site_ids))
    return session.exec(statement).all()


def node_facts(session: ReadSession, site_ids: Collection[str]) -> dict[str, list[NodeFacts]]:
    """Return what is known of every active node of sites that the caller has read already."""
    calls = select(Association.opened_at).where(
        Association.site_id == Node.site_id, Association.calling_ae == Node.ae_title
    )
    newest = col(Association.opened_at).desc()
    echoes = select(EchoProof.id).where(EchoProof.node_id == Node.id)
    statement: Any = (
        sa.select(
            col(Node.site_id),
            col(Node.ae_title),
            col(Node.is_source),
            col(Node.is_destination),
            col(EchoProof.at),
            col(EchoProof.ok),
            col(EchoProof.said),
            _one(calls.order_by(newest)),
            _one(calls.where(Association.stored > 0).order_by(newest)),
            _one(
                select(Delivery.delivered_at)
                .where(Delivery.node_id == Node.id, col(Delivery.delivered_at).is_not(None))
                .order_by(col(Delivery.delivered_at).desc())
            ),
        )
        .select_from(Node)
        .outerjoin(EchoProof, col(EchoProof.id) == _one(echoes.order_by(col(EchoProof.at).desc())))
        .where(col(Node.active), col(Node.site_id).in_(site_ids))
        .order_by(col(Node.ae_title))
    )
    found: dict[str, list[NodeFacts]] = defaultdict(list)
    for row in session.execute(statement).all():
        site_id, title, source, destination, at, ok, said, heard, study, result = row
        found[site_id].append(
            NodeFacts(title, source, destination, at, bool(ok), said or "", heard, study, result)
        )
    return found


def offers(session: ReadSession, model_id: str | None = None) -> list[Offer]:
    """Return every model that has a version which passed its checks, by name."""
    statement: Any = (
        sa.select(
            col(Model.id),
            col(Model.name),
            col(Model.title),
            col(Model.organisation_id),
            col(ModelVersion.id),
            col(ModelVersion.version),
        )
        .join(ModelVersion, col(ModelVersion.model_id) == col(Model.id))
        .where(col(ModelVersion.status).in_(_OFFERED))
        .order_by(col(ModelVersion.submitted_at), col(ModelVersion.id))
    )
    if model_id is not None:
        statement = statement.where(Model.id == model_id)
    newest = {row[0]: Offer(*row) for row in session.execute(statement)}
    return sorted(newest.values(), key=lambda offer: (offer.title.lower(), offer.model_id))


def in_use(session: ReadSession, site_ids: Collection[str]) -> list[Use]:
    """Return what is deployed at sites that the caller has read already, oldest first."""
    columns = [col(getattr(Deployment, name)) for name in Use._fields]
    statement = sa.select(*columns).where(
        col(Deployment.site_id).in_(site_ids), col(Deployment.mode) != Mode.RETIRED
    )
    found = session.execute(statement.order_by(col(Deployment.created_at), col(Deployment.id)))
    return [Use._make(row) for row in found]


def version_labels(session: ReadSession, version_ids: Iterable[str]) -> dict[str, str]:
    statement = select(ModelVersion.id, ModelVersion.version).where(
        col(ModelVersion.id).in_(set(version_ids))
    )
    return dict(session.exec(statement).all())


def shadow_facts(session: ReadSession, deployment_ids: Collection[str]) -> dict[str, ShadowFacts]:
    """Judge the newest shadow runs of deployments that the caller has read already.

    So many and no more: a shadow that ran for years is judged as quickly as one of a week.
    """
    telling: Any = sa.select(col(Run.outcome).label("outcome")).where(
        col(Run.deployment_id) == col(Deployment.id),
        col(Run.mode) == _SHADOW,
        col(Run.outcome).in_(_TELLING),
    )
    newest = telling.order_by(col(Run.planned_at).desc()).limit(LEAST_RUNS)
    judged: Any = newest.correlate(Deployment).subquery()
    worth = sa.case((judged.c.outcome.in_(_FAILURES), 1 + _FAILED_ONES), else_=1)
    statement: Any = sa.select(
        col(Deployment.id),
        sa.select(sa.func.coalesce(sa.func.sum(worth), 0)).select_from(judged).scalar_subquery(),
        _end_of(telling, col(Run.planned_at).asc()),
        _end_of(telling, col(Run.planned_at).desc()),
    ).where(col(Deployment.id).in_(deployment_ids))
    return {
        row[0]: ShadowFacts(row[1] % _FAILED_ONES, row[1] // _FAILED_ONES, *row[2:])
        for row in session.execute(statement)
    }


def signed(session: ReadSession, site_ids: Collection[str]) -> set[Signed]:
    """Return which versions each site has accepted: signed, passed and not stale."""
    statement = select(Acceptance.site_id, Acceptance.version_id, Acceptance.kind).where(
        col(Acceptance.site_id).in_(site_ids),
        Acceptance.status == SignOffStatus.SIGNED,
        col(Acceptance.passed),
    )
    rows = session.exec(statement)
    return {(site, version, AcceptanceKind(kind)) for site, version, kind in rows}


def evidence(session: ReadSession, actor: Actor, evidence_id: str) -> Evidence | None:
    return session.exec(_readable(actor).where(Evidence.id == evidence_id)).first()


def current(
    session: ReadSession, actor: Actor, model_id: str | None, site_ids: Collection[str]
) -> list[Paper]:
    """Return the evidence that nothing later replaced: of these sites, and what holds for more."""
    statement = _readable(actor).where(
        col(Evidence.superseded_by).is_(None),
        or_(col(Evidence.site_id).is_(None), col(Evidence.site_id).in_(site_ids)),
    )
    if model_id is not None:
        statement = statement.where(
            or_(col(Evidence.model_id).is_(None), Evidence.model_id == model_id)
        )
    columns: list[Any] = [col(getattr(Evidence, name)) for name in Paper._fields]
    rows = session.execute(statement.order_by(col(Evidence.id)).with_only_columns(*columns))
    return [Paper._make(row) for row in rows]


def history(
    session: ReadSession, actor: Actor, *, organisation_id: str, site_id: str
) -> Sequence[Evidence]:
    """Return all that was ever recorded for a site or its organisation, newest first."""
    statement = _readable(actor).where(
        or_(
            col(Evidence.site_id) == site_id,
            sa.and_(
                col(Evidence.site_id).is_(None), col(Evidence.organisation_id) == organisation_id
            ),
        )
    )
    return session.exec(statement.order_by(col(Evidence.id).desc()).limit(100)).all()


def same_place(session: ReadSession, like: Evidence) -> Sequence[Evidence]:
    """Return what a new piece of evidence replaces."""
    return session.exec(
        select(Evidence).where(
            Evidence.item == like.item,
            Evidence.organisation_id == like.organisation_id,
            Evidence.site_id == like.site_id,
            Evidence.model_id == like.model_id,
            col(Evidence.superseded_by).is_(None),
            Evidence.id != like.id,
        )
    ).all()


def expiring(session: ReadSession, actor: Actor, *, until: date) -> Sequence[Evidence]:
    """Return the evidence that ends by then, or has ended, soonest first."""
    statement = _readable(actor).where(
        col(Evidence.superseded_by).is_(None), col(Evidence.expires_on) <= until
    )
    return session.exec(statement.order_by(col(Evidence.expires_on), col(Evidence.id))).all()


def active_nodes(session: ReadSession, actor: Actor) -> Sequence[Node]:
    statement = select(Node).where(col(Node.active)).order_by(col(Node.id))
    return session.exec(within_sites(statement, actor, Node.site_id)).all()


def nodes_of(session: ReadSession, actor: Actor, site_id: str) -> Sequence[Node]:
    statement = select(Node).where(Node.site_id == site_id, col(Node.active))
    statement = statement.order_by(col(Node.ae_title), col(Node.id))
    return session.exec(within_sites(statement, actor, Node.site_id)).all()


def proofs(session: ReadSession, actor: Actor, node_ids: Collection[str]) -> dict[str, EchoProof]:
    """Return the newest answer of each node."""
    newest = (
        select(EchoProof.id)
        .where(EchoProof.node_id == Node.id)
        .order_by(col(EchoProof.at).desc(), col(EchoProof.id).desc())
    )
    statement = (
        select(EchoProof)
        .join(Node, col(EchoProof.id) == _one(newest))
        .where(col(Node.id).in_(node_ids))
    )
    found = session.exec(within_sites(statement, actor, EchoProof.site_id)).all()
    return {proof.node_id: proof for proof in found}


def _end_of(telling: Any, order: Any) -> Any:
    first = telling.with_only_columns(col(Run.planned_at)).order_by(order).limit(1)
    return first.correlate(Deployment).scalar_subquery()


def _one(statement: SelectOfScalar[Any]) -> Any:
    return statement.limit(1).correlate(Node).scalar_subquery()


def _readable(actor: Actor) -> SelectOfScalar[Evidence]:
    """Begin with what the actor may read: its sites', their organisations', every product's."""
    statement = select(Evidence)
    if actor.sites is None:
        return statement
    sites = sorted(actor.sites)
    organisations = select(Site.organisation_id).where(col(Site.id).in_(sites))
    return statement.where(
        or_(
            col(Evidence.site_id).in_(sites),
            sa.and_(
                col(Evidence.site_id).is_(None),
                or_(
                    col(Evidence.model_id).is_not(None),
                    col(Evidence.organisation_id).in_(organisations),
                ),
            ),
        )
    )
