"""From a changed version back to the one that was reviewed in full, whose plan rules.

Many small steps must not lead where one large one may not: whatever the direct predecessor, a
version is held against the last one whose own safety case an officer signed.
"""

from dataclasses import dataclass

from model_registry.packages.manifest import Follows
from model_registry.plans import repository
from model_registry.safety import repository as safety
from model_registry.versions import repository as stored
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import ReadSession

MAX_LENGTH = 20


@dataclass(frozen=True)
class Chain:
    """The way back.

    Attributes:
        versions: the direct predecessor first, the reviewed version last.
        steps: the plan's steps that led from each to the next, the newest first.
        problem: why the way does not end at a reviewed version (None: it does).
    """

    versions: tuple[ModelVersion, ...]
    steps: tuple[str, ...]
    problem: str | None = None

    @property
    def predecessor(self) -> ModelVersion | None:
        return self.versions[0] if self.versions else None

    @property
    def anchor(self) -> ModelVersion | None:
        return self.versions[-1] if self.versions and not self.problem else None


def chain_of(session: ReadSession, version: ModelVersion, follows: Follows) -> Chain:
    """Follow what each version says it changes, up to one with a signed case of its own."""
    found: list[ModelVersion] = []
    steps: list[str] = []
    claim: Follows | None = follows
    for _ in range(MAX_LENGTH):
        if claim is None:
            return Chain(tuple(found), tuple(steps), _not_reviewed(found[-1]))
        steps.append(claim.step)
        before = stored.version_of(session, version.model_id, claim.version)
        if before is None or before.id == version.id:
            problem = f"there is no other version {claim.version} of this model"
            return Chain(tuple(found), tuple(steps), problem)
        found.append(before)
        if safety.signed_case(session, before.digest):
            return Chain(tuple(found), tuple(steps))
        claim = versions.manifest(before).follows
        judged = repository.newest_assessment(session, before.id)
        if claim is not None and (judged is None or not judged.is_inside):
            problem = f"{before.version} has no signed safety case and is not inside a plan itself"
            return Chain(tuple(found), tuple(steps), problem)
    return Chain(tuple(found), tuple(steps), f"more than {MAX_LENGTH} versions without a review")


def _not_reviewed(version: ModelVersion) -> str:
    return f"{version.version} has no signed safety case: a plan takes effect with its signature"
