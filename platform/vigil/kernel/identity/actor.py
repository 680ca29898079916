"""Who acts. Every write names one; every query starts from what it may read."""

from dataclasses import dataclass, field, replace

from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.roles import PERMISSIONS, Permission, Role


@dataclass(frozen=True)
class Grant:
    """A role, at one site or (`site_id` None) wherever its organisation reaches."""

    role: Role
    site_id: str | None = None


@dataclass(frozen=True)
class Actor:
    """A person, a token or a part of Vigil itself.

    Attributes:
        id: user id, or `system:NAME`.
        label: what the audit shows: a user's id and role, never more than that.
        organisation_id: the organisation it belongs to; None for Vigil itself.
        grants: its roles.
        sites: the sites whose rows it may read; None means every site (network staff, Vigil).
        supplier_id: set for a supplier: the only organisation whose models it may read.
        scopes: narrower than the grants where a token was issued for less.
    """

    id: str
    label: str
    organisation_id: str | None = None
    grants: tuple[Grant, ...] = ()
    sites: frozenset[str] | None = frozenset()
    supplier_id: str | None = None
    scopes: frozenset[Permission] | None = None
    is_system: bool = field(default=False)

    def may(self, permission: Permission, site_id: str | None = None) -> bool:
        """Whether it may do this; at `site_id` where one is named."""
        if self.is_system:
            return True
        if self.scopes is not None and permission not in self.scopes:
            return False
        if site_id is not None and not self.reads_site(site_id):
            return False
        return any(
            permission in PERMISSIONS[grant.role]
            and (grant.site_id is None or site_id is None or grant.site_id == site_id)
            for grant in self.grants
        )

    def may_everywhere(self, permission: Permission) -> bool:
        """Whether it may do this for the whole network: by a role that is bound to no site."""
        if self.is_system:
            return True
        unbound = replace(self, grants=tuple(g for g in self.grants if g.site_id is None))
        return self.sites is None and self.supplier_id is None and unbound.may(permission)

    def require(self, permission: Permission, site_id: str | None = None) -> None:
        """Go on only if it may.

        Raises:
            Forbidden: it may not.
        """
        if not self.may(permission, site_id):
            raise Forbidden(f"This needs the permission {permission.value}.")

    def reads_site(self, site_id: str) -> bool:
        return self.sites is None or site_id in self.sites

    def has_role(self, role: Role) -> bool:
        return any(grant.role is role for grant in self.grants)


_SYSTEM = "system:"


def is_system(actor_id: str) -> bool:
    """Whether what is noted of a deed's actor means a part of Vigil itself."""
    return actor_id.startswith(_SYSTEM)


def system_actor(name: str) -> Actor:
    """Return the actor for a part of Vigil itself, such as `system:worker`."""
    return Actor(id=f"{_SYSTEM}{name}", label=f"Vigil {name}", sites=None, is_system=True)
