"""What an event is about, and therefore whose it is.

An event of the audit names its subject by id. From the row behind it follow the supplier and the
sites that may be told (design invariant 12): a supplier hears of its own models, versions and keys
and of where they are deployed, as the API shows it; a provider hears of its own sites; the network
hears of everything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from model_registry.deployments.models import Deployment, DeploymentChange
from model_registry.keys.models import SupplierKey
from model_registry.nodes.models import Node
from model_registry.plans.models import PlanAssessment
from model_registry.safety.models import Acceptance, SafetyCase
from model_registry.stops.models import StopOrder
from model_registry.submissions.models import Submission
from model_registry.versions.models import Model, ModelVersion
from model_registry.webhooks import repository
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.models import Organisation, OrganisationKind, Site


@dataclass(frozen=True)
class About:
    """What a message says of its subject, and who may be told.

    Attributes:
        supplier_id: the supplier that may be told; None where none may.
        site_ids: the sites whose providers may be told.
        site_id: the site it is at.
        path: where the API tells more of it, below `/api/v1`.
    """

    supplier_id: str | None = None
    site_ids: frozenset[str] = frozenset()
    site_id: str | None = None
    model_id: str | None = None
    version_id: str | None = None
    path: str | None = None


Finder = Callable[[ReadSession, str], About | None]


def of(session: ReadSession, subject: str) -> About | None:
    """Return what an event is about; None where its kind is not told of."""
    find = _FINDERS.get(subject.partition("_")[0])
    return find(session, subject) if find else None


def may_hear(session: ReadSession, organisation: Organisation, about: About) -> bool:
    """Whether an organisation may be told of this."""
    if organisation.kind is OrganisationKind.NETWORK:
        return True
    if organisation.kind is OrganisationKind.SUPPLIER:
        return about.supplier_id == organisation.id
    return any(
        session.get_one(Site, site_id).organisation_id == organisation.id
        for site_id in about.site_ids
    )


def _version(session: ReadSession, subject: str) -> About | None:
    row = session.get(ModelVersion, subject)
    if row is None:
        return None
    return About(
        row.organisation_id,
        model_id=row.model_id,
        version_id=row.id,
        path=f"/versions/{row.id}",
    )


def _model(session: ReadSession, subject: str) -> About | None:
    row = session.get(Model, subject)
    if row is None:
        return None
    return About(row.organisation_id, model_id=row.id, path=f"/models/{row.id}")


def _key(session: ReadSession, subject: str) -> About | None:
    row = session.get(SupplierKey, subject)
    return About(row.organisation_id) if row else None


def _submission(session: ReadSession, subject: str) -> About | None:
    row = session.get(Submission, subject)
    return About(row.organisation_id, path=f"/submissions/{row.id}") if row else None


def _assessment(session: ReadSession, subject: str) -> About | None:
    row = session.get(PlanAssessment, subject)
    return _version(session, row.version_id) if row else None


def _case(session: ReadSession, subject: str) -> About | None:
    row = session.get(SafetyCase, subject)
    if row is None:
        return None
    version = session.get_one(ModelVersion, row.version_id)
    return About(
        row.organisation_id,
        model_id=version.model_id,
        version_id=version.id,
        path=f"/safety-cases/{row.id}",
    )


def _acceptance(session: ReadSession, subject: str) -> About | None:
    row = session.get(Acceptance, subject)
    if row is None:
        return None
    # A site's own judgement: the supplier does not read it over the API either.
    version = session.get_one(ModelVersion, row.version_id)
    return About(
        site_ids=frozenset({row.site_id}),
        site_id=row.site_id,
        model_id=version.model_id,
        version_id=version.id,
        path=f"/acceptances/{row.id}",
    )


def _deployment(session: ReadSession, subject: str) -> About | None:
    row = session.get(Deployment, subject)
    if row is None:
        return None
    version = session.get_one(ModelVersion, row.version_id)
    return About(
        version.organisation_id,
        site_ids=frozenset({row.site_id}),
        site_id=row.site_id,
        model_id=version.model_id,
        version_id=version.id,
        path=f"/deployments/{row.id}",
    )


def _change(session: ReadSession, subject: str) -> About | None:
    row = session.get(DeploymentChange, subject)
    return _deployment(session, row.deployment_id) if row else None


def _node(session: ReadSession, subject: str) -> About | None:
    row = session.get(Node, subject)
    if row is None:
        return None
    sites = frozenset({row.site_id})
    return About(site_ids=sites, site_id=row.site_id, path=f"/nodes/{row.id}")


def _stop(session: ReadSession, subject: str) -> About | None:
    row = session.get(StopOrder, subject)
    if row is None:
        return None
    if row.site_id is not None:
        return About(site_ids=frozenset({row.site_id}), site_id=row.site_id)
    model = session.get(Model, row.model_id) if row.model_id else None
    supplier = model.organisation_id if model else row.organisation_id
    sites = repository.sites_using(session, model_id=row.model_id, supplier_id=supplier)
    return About(supplier, site_ids=sites, model_id=row.model_id)


_FINDERS: Mapping[str, Finder] = {
    "ver": _version,
    "mdl": _model,
    "key": _key,
    "sub": _submission,
    "pas": _assessment,
    "sc": _case,
    "acc": _acceptance,
    "dep": _deployment,
    "chg": _change,
    "node": _node,
    "stp": _stop,
}
