"""Who may read submissions, and who may write one: its supplier, and the network.

A hospital's people are neither: what a supplier prepares is not theirs to see before it is a
version, whatever role they hold at their site (docs/adr/0014-submissions.md).
"""

from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Forbidden, Invalid
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Permission


def require_reader(actor: Actor) -> None:
    """Go on only for the network and for suppliers, of which queries keep each to its own.

    Raises:
        Forbidden: somebody else.
    """
    actor.require(Permission.SUBMISSION_READ)
    # Only people of the network read every site; a supplier's people read none.
    if actor.supplier_id is None and actor.sites is not None:
        raise Forbidden("Submissions are between a supplier and the network.")


def require_supplier(actor: Actor, organisation_id: str | None = None) -> None:
    """Go on only for people of a supplier (of this one where it is named), or Vigil itself.

    Raises:
        Forbidden: somebody else, were it the network.
    """
    actor.require(Permission.VERSION_SUBMIT)
    if actor.is_system:
        return
    if actor.supplier_id is None or organisation_id not in {None, actor.supplier_id}:
        raise Forbidden("Only its supplier may change a submission.")


def require_reviewer(actor: Actor) -> None:
    """Go on only for a reviewer of the network.

    Raises:
        Forbidden: somebody else.
    """
    require_reader(actor)
    actor.require(Permission.SUBMISSION_REVIEW)
    if actor.supplier_id is not None:
        raise Forbidden("A supplier does not review.")


def supplier_of(session: ReadSession, actor: Actor, code: str | None) -> str:
    """Return the organisation that something is made for: the actor's, or the one named.

    Raises:
        Invalid: Vigil itself acts, and no supplier has the code.
        Forbidden: the actor is no supplier, or names another one.
    """
    named = identity.organisation_by_code(session, code) if code else None
    if actor.supplier_id is not None and (code is None or named is not None):
        require_supplier(actor, named.id if named else None)
        return actor.supplier_id
    require_supplier(actor)
    if named is None or named.kind is not OrganisationKind.SUPPLIER:
        fault = Fault("supplier", "no supplier has this code", "Write the supplier's code")
        raise Invalid.because([fault])
    return named.id
