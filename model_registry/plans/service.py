"""Hold a version against the plan that it claims, keep what came of it, and say what it is worth.

A plan is part of a package, and so of the digest that officers sign: it takes effect when the
version that brought it is approved and its safety case signed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from model_registry.packages.archive import ModelPackage
from model_registry.packages.layout import CHANGE_PLAN
from model_registry.packages.plan_document import read_change_plan
from model_registry.plans import repository
from model_registry.plans.chain import Chain, chain_of
from model_registry.plans.cover import Cover, cover
from model_registry.plans.errors import NoPlan, NotAdmitted
from model_registry.plans.judgement import Judgement, Reviewed, judge, outside
from model_registry.plans.models import Plan, PlanAssessment
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore, sha256

_ADMITTED = frozenset({VersionStatus.CHECKED, VersionStatus.APPROVED})


@dataclass(frozen=True)
class PlanView:
    """What a version says of its changes: its own plan, the plan that it claims, and the verdict.

    Attributes:
        version: whose.
        plan: the plan that it brings, for the versions after it.
        cover: what its own claim is worth; None where it claims none.
        chain: the versions back to the reviewed one, where they were found.
    """

    version: ModelVersion
    plan: Plan | None
    cover: Cover | None
    chain: Sequence[ModelVersion]


def view(session: ReadSession, actor: Actor, *, version_id: str) -> PlanView:
    """Return what a version that the actor may read says of its changes.

    Raises:
        NoPlan: it brings no plan, and claims none.
    """
    version = versions.version(session, actor, version_id)
    found = PlanView(
        version=version,
        plan=repository.plan(session, version.id),
        cover=cover(session, version),
        chain=(),
    )
    if found.plan is None and found.cover is None:
        raise NoPlan("This version brings no change plan, and claims none of another's.")
    judged = found.cover.assessment if found.cover else None
    chain = repository.versions(session, judged.chain) if judged else ()
    return PlanView(found.version, found.plan, found.cover, chain)


def assess(
    session: WriteSession, actor: Actor, objects: ObjectStore, *, version_id: str, reason: str
) -> PlanView:
    """Hold a version against its plan again: the reviewed version may have been signed since.

    Raises:
        Forbidden: the actor is neither its supplier nor of the network.
        NotAdmitted: its checks have not passed.
        NoPlan: it brings no plan, and claims none.
    """
    version = versions.version(session, actor, version_id)
    if not may_assess(actor):
        raise Forbidden("The version's supplier or the network has it held against its plan.")
    if version.status not in _ADMITTED:
        raise NotAdmitted(f"The version is {version.status.value}.")
    keep(session, actor, version=version, read=read(session, objects, version), reason=reason)
    return view(session, actor, version_id=version.id)


def may_assess(actor: Actor) -> bool:
    """Whether the actor submits versions, or approves them for the whole network."""
    if actor.supplier_id is not None:
        return actor.may(Permission.VERSION_SUBMIT)
    return actor.sites is None and actor.may(Permission.VERSION_APPROVE)


def read(session: ReadSession, objects: ObjectStore, version: ModelVersion) -> dict[str, Any]:
    """Read a version's plan and hold it against the one that it claims; writes nothing.

    Returns:
        What `keep` keeps, as plain data: a worker reads first and keeps afterwards.

    Raises:
        Damaged: the store holds other bytes than those of a version on the way.
    """
    package = versions.package(objects, version)
    data = package.files.get(CHANGE_PLAN)
    plan = None
    if data is not None:
        plan = {"digest": sha256(data), "content": read_change_plan(data).as_json()}
    return {"plan": plan, "claim": _claim(session, objects, version, package)}


def keep(
    session: WriteSession,
    actor: Actor,
    *,
    version: ModelVersion,
    read: dict[str, Any],
    reason: str,
) -> PlanAssessment | None:
    """Keep what was read of an admitted version; None where it claims no plan."""
    plan, claim = read["plan"], read["claim"]
    if plan is not None and repository.plan(session, version.id) is None:
        session.add(
            Plan(
                id=session.new_id("pln"),
                version_id=version.id,
                content_digest=plan["digest"],
                content=plan["content"],
                read_at=session.now(),
            )
        )
        session.flush()
        audit.record(session, actor, "registry:plan:read", version.id, reason, plan=plan["digest"])
    follows = versions.manifest(version).follows
    if claim is None or follows is None:
        return None
    before = repository.newest_assessment(session, version.id)
    row = PlanAssessment(
        id=session.new_id("pas"),
        version_id=version.id,
        number=before.number + 1 if before else 1,
        predecessor_id=claim["chain"][0] if claim["chain"] else None,
        anchor_id=claim["anchor"],
        step=follows.step,
        chain=claim["chain"],
        is_inside=claim["is_inside"],
        reasons=list(claim["reasons"]),
        differences=list(claim["differences"]),
        criteria=list(claim["criteria"]),
        assessed_by=actor.id,
        at=session.now(),
    )
    session.add(row)
    session.flush()
    facts = {"version": version.id, "inside": row.is_inside, "anchor": row.anchor_id}
    audit.record(session, actor, "registry:plan:assess", row.id, reason, **facts)
    return row


def _claim(
    session: ReadSession, objects: ObjectStore, version: ModelVersion, package: ModelPackage
) -> dict[str, Any] | None:
    follows = package.manifest.follows
    if follows is None:
        return None
    chain = chain_of(session, version, follows)
    found = outside(chain.problem) if chain.problem else _judged(objects, package, chain)
    anchor = chain.anchor
    return {
        "chain": [before.id for before in chain.versions],
        "anchor": anchor.id if anchor else None,
        **asdict(found),
    }


def _judged(objects: ObjectStore, package: ModelPackage, chain: Chain) -> Judgement:
    against = []
    # The direct predecessor and the reviewed version: often they are one.
    for place in sorted({0, len(chain.versions) - 1}):
        before = chain.versions[place]
        opened = versions.package(objects, before)
        against.append(Reviewed(before.version, opened, chain.steps[: place + 1]))
    return judge(package, against)
