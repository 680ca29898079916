"""What waits for a person, from every domain, as one list of things to open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inference.readiness import service as readiness
from inference.readiness.service import Due
from model_registry.deployments import stale
from model_registry.deployments.gates import ReleaseGate
from model_registry.deployments.stale import StaleUse
from model_registry.submissions import waiting as submissions
from model_registry.submissions.models import Submission
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.web.words import day

SHOWN = 10
DUE_DAYS = 30


@dataclass(frozen=True)
class Task:
    """Something to open: what it is, why it waits, and how it stands in one word."""

    what: str
    href: str
    why: str
    state: str


def waiting_for(session: ReadSession, actor: Actor, gates: Sequence[ReleaseGate]) -> Sequence[Task]:
    """Return what waits for the actor, the most pressing first."""
    # What a site runs is the site's affair: a supplier sees the state of its own case instead.
    lacking = [] if actor.supplier_id else stale.stale_in_use(session, actor, gates)
    found = [
        *(_stale(session, one) for one in lacking),
        *_submissions(session, actor),
        *(_due(one) for one in readiness.due(session, actor, DUE_DAYS)),
    ]
    return found[:SHOWN]


def _stale(session: ReadSession, one: StaleUse) -> Task:
    site = session.get_one(Site, one.deployment.site_id)
    href = f"/deployments/{one.deployment.id}"
    why = f"Serves patients without {one.gate.what}. From {one.gate.who}."
    return Task(f"Deployment at {site.name}", href, why, "stale")


def _submissions(session: ReadSession, actor: Actor) -> Iterator[Task]:
    held = submissions.waiting_for(session, actor)
    for group, why, state in (
        (held.to_answer, "A reviewer's question is open.", "open"),
        (held.refused, "Its version did not pass the automatic checks.", "refused"),
        (held.to_review, "It passed the automatic checks and waits for people.", "checked"),
        (held.drafts, "It is not handed over yet.", "draft"),
    ):
        for one in group:
            yield _submission(one, why, state)


def _submission(one: Submission, why: str, state: str) -> Task:
    return Task(f"{one.reference}: {one.title}", f"/submissions/{one.id}", why, state)


def _due(one: Due) -> Task:
    where = one.site.name if one.site else one.model.title if one.model else "Every site"
    verb = "ended" if one.is_expired else "ends"
    href = f"/sites/{one.site.id}" if one.site else "/sites"
    why = f"The evidence {verb} on {day(one.evidence.expires_on)}."
    return Task(f"{one.item.title}: {where}", href, why, "expired" if one.is_expired else "open")
