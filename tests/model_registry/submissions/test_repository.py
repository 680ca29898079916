"""Queries on both databases, and two who open a draft at once."""

import threading

from factories.identity import SETUP, create_organisation

from model_registry.submissions import conversation, repository, service, uploads
from model_registry.submissions.models import UploadState
from model_registry.submissions.settings import SubmissionSettings
from vigil.kernel.db import Database
from vigil.kernel.identity.models import OrganisationKind


def test_questions_are_counted_for_all_at_once(database: Database) -> None:
    with database.write() as session:
        create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
        first = service.create(session, SETUP, title="first", supplier="ACME")
        second = service.create(session, SETUP, title="second", supplier="ACME")
        for text in ("Why?", "How?"):
            asked = conversation.ask(session, SETUP, submission_id=first.id, text=text)
        conversation.answer(
            session, SETUP, submission_id=first.id, question_id=asked.id, text="So."
        )

    with database.read() as session:
        assert repository.open_questions(session, [first.id, second.id]) == {first.id: 1}
        waiting = repository.submissions_with_open_questions(session, SETUP, 5)
        assert [found.id for found in waiting] == [first.id]
        lines = service.lines(session, [first, second])
        assert [line.open_questions for line in lines] == [1, 0]


def test_an_upload_that_is_late_is_no_file_that_is_wanted(database: Database) -> None:
    limits = SubmissionSettings(upload_days=1)
    with database.write() as session:
        create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
        made = uploads.begin(session, SETUP, limits, size=10, supplier="ACME")
        assert repository.wanted_files(session) == {made.id}
        assert repository.expired(session, made.expires_at, 5) == [made]
        made.state = UploadState.ABANDONED
        session.add(made)
        session.flush()
        assert repository.wanted_files(session) == set()


def test_two_at_once_get_two_numbers(database: Database) -> None:
    with database.write() as session:
        create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
    references: list[str] = []

    def open_one() -> None:
        with database.write() as session:
            made = service.create(session, SETUP, title="one", supplier="ACME")
        references.append(made.reference)

    threads = [threading.Thread(target=open_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(references) == [f"VGL-2026-000{number}" for number in range(1, 5)]
