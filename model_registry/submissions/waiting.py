"""What of submissions waits for whom: what the overview shows to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from model_registry.submissions import repository
from model_registry.submissions.access import require_reader
from model_registry.submissions.models import Submission, SubmissionState
from model_registry.versions.models import VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

SHOWN: Final = 5


@dataclass(frozen=True)
class Waiting:
    """A few of those that wait, the oldest first; each list is empty for who is not concerned.

    Attributes:
        to_answer: a supplier's, in which a reviewer's question is open.
        drafts: a supplier's, not handed over yet.
        refused: a supplier's, whose version did not pass its checks.
        to_review: for reviewers: the version passed its checks and nobody has decided.
    """

    to_answer: Sequence[Submission] = ()
    drafts: Sequence[Submission] = ()
    refused: Sequence[Submission] = ()
    to_review: Sequence[Submission] = ()

    def __bool__(self) -> bool:
        return bool(self.to_answer or self.drafts or self.refused or self.to_review)


def waiting_for(session: ReadSession, actor: Actor) -> Waiting:
    """Return what waits for this actor; nothing for who may see no submission."""
    try:
        require_reader(actor)
    except Forbidden:
        return Waiting()
    if actor.supplier_id is None:
        if not actor.may(Permission.SUBMISSION_REVIEW):
            return Waiting()
        return Waiting(
            to_review=repository.submissions_with_version(
                session, actor, VersionStatus.CHECKED, SHOWN
            )
        )
    return Waiting(
        to_answer=repository.submissions_with_open_questions(session, actor, SHOWN),
        drafts=repository.submissions(
            session, actor, state=SubmissionState.DRAFT, before=None, limit=SHOWN
        ),
        refused=repository.submissions_with_version(session, actor, VersionStatus.REFUSED, SHOWN),
    )
