"""Who may sign: a clinical safety officer, in person, with a professional registration."""

from model_registry.safety.errors import NotAnOfficer
from vigil.kernel.db import ReadSession
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind, User
from vigil.kernel.identity.roles import Permission, Role


def covers(actor: Actor, site_id: str) -> bool:
    """Whether the actor is, in person, a clinical safety officer of this site."""
    return (
        not actor.is_system
        and actor.reads_site(site_id)
        and any(g.role is Role.CSO and g.site_id in {None, site_id} for g in actor.grants)
    )


def officer_of_site(session: ReadSession, actor: Actor, site_id: str) -> User:
    """Return the person behind the actor, if an officer of this site.

    Raises:
        NotAnOfficer: it is not.
    """
    if not covers(actor, site_id):
        raise NotAnOfficer("Only an officer whose role covers the site signs for it.")
    actor.require(Permission.ACCEPTANCE_SIGN, site_id)
    return _registered(session, actor)


def officer_for_supplier(session: ReadSession, actor: Actor, supplier_id: str) -> User:
    """Return the person behind the actor, if an officer of the supplier or of the network.

    Raises:
        NotAnOfficer: it is not.
    """
    if actor.is_system or not actor.has_role(Role.CSO):
        raise NotAnOfficer("Only a clinical safety officer signs a safety case (DCB0129 2.3).")
    actor.require(Permission.SAFETY_CASE_SIGN)
    user = _registered(session, actor)
    organisation = identity.organisation(session, user.organisation_id)
    is_network = organisation is not None and organisation.kind is OrganisationKind.NETWORK
    if user.organisation_id != supplier_id and not is_network:
        raise NotAnOfficer("Only an officer of the supplier or of the network signs this case.")
    return user


def _registered(session: ReadSession, actor: Actor) -> User:
    user = identity.user(session, actor.id)
    if user is None or not user.active:
        raise NotAnOfficer("The signer has no open account.")
    if not user.professional_body or not user.registration_number:
        # DCB0129 2.3: a current registration with an appropriate professional body.
        raise NotAnOfficer(
            "The signer's professional body and registration number are not on record."
        )
    return user
