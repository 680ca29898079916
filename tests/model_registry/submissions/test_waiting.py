"""What of submissions waits for whom."""

from factories.identity import SETUP, create_person, create_site
from factories.submissions import create_draft, create_reviewer, create_submitted, create_supplier

from model_registry.submissions import conversation
from model_registry.submissions.waiting import waiting_for
from model_registry.versions import service as versions
from model_registry.versions.models import VersionStatus
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts


def test_each_is_told_of_its_own_work(parts: Parts) -> None:
    acme, network = create_supplier(parts), create_reviewer(parts)
    other = create_supplier(parts, "BETA")
    done, draft = create_submitted(parts, acme), create_draft(parts, acme, "next")
    with parts.database.write() as session:
        create_site(session)
        hospital = create_person(session, "RXX", Role.CSO)
        asked = conversation.ask(session, network, submission_id=done.id, text="Why?")
        versions.set_status(
            session, SETUP, version_id=done.version_id or "", status=VersionStatus.CHECKED,
            reason="passed",
        )  # fmt: skip

    with parts.database.read() as session:
        mine, theirs = waiting_for(session, acme), waiting_for(session, network)
        assert not waiting_for(session, hospital)
        assert not waiting_for(session, other)
    assert [s.id for s in mine.to_answer] == [done.id]
    assert [s.id for s in mine.drafts] == [draft.id]
    assert [s.id for s in theirs.to_review] == [done.id]

    with parts.database.write() as session:
        conversation.answer(
            session, acme, submission_id=done.id, question_id=asked.id, text="Because."
        )
    with parts.database.read() as session:
        assert not waiting_for(session, acme).to_answer
