"""Routing rules for tests: drafted by one person and published by another."""

from typing import Any

from inference.routing import service
from inference.routing.models import RoutingRevision
from inference.routing.rules import Rule
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role

CHEST = 'modality == "DX" && body_part == "CHEST"'
MANAGER = (Grant(Role.NETWORK_MANAGER),)
AUTHOR = Actor("usr_author", "an author", grants=MANAGER, sites=None)
PUBLISHER = Actor("usr_publisher", "a publisher", grants=MANAGER, sites=None)


def make_rule(**changes: Any) -> Rule:
    facts: dict[str, Any] = {"name": "chests", "when": CHEST, "model": "ACME/linear-three"}
    return Rule(**(facts | changes))


def draft_rules(
    session: WriteSession, site_id: str, *rules: Rule, actor: Actor = AUTHOR
) -> RoutingRevision:
    return service.draft(session, actor, site_id=site_id, rules=rules, reason="for a test")


def publish_rules(session: WriteSession, site_id: str, *rules: Rule) -> RoutingRevision:
    """Rules that are in force."""
    revision = draft_rules(session, site_id, *rules)
    service.publish(session, PUBLISHER, revision_id=revision.id, reason="for a test")
    return revision
