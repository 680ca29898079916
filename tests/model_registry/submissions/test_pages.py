"""The wizard: what each page says, to whom, and that nothing typed is lost."""

from dataclasses import replace

import pytest
from factories import packages
from factories.submissions import (
    ANSWERS,
    attach,
    begin_upload,
    create_draft,
    create_ready,
    create_reviewer,
    create_submitted,
    create_supplier,
    create_upload,
    current,
    rehearsed,
)
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model_registry.submissions import conversation, pages, task_pages
from model_registry.submissions.models import Submission, SubmissionState
from model_registry.submissions.questions import Task
from model_registry.submissions.settings import SubmissionSettings
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts

DOMAINS = {"submissions": "model_registry.submissions"}


@pytest.fixture
def acme(parts: Parts) -> Actor:
    return create_supplier(parts)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, pages.router, task_pages.router, domains=DOMAINS)


@pytest.fixture
def seller(app: FastAPI, acme: Actor) -> TestClient:
    return browser(app, acme)


def text(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def path_of(submission: Submission, *more: str) -> str:
    return "/".join(("/submissions", submission.id, *more))


def form(submission: Submission, **fields: str) -> dict[str, str]:
    return {"revision": str(submission.revision), **fields}


def test_a_supplier_starts_a_submission(seller: TestClient) -> None:
    assert "There is no submission here yet." in text(seller, "/submissions")
    assert "Start a submission" in text(seller, "/submissions/new")

    refused = seller.post("/submissions", data={"title": " "})
    made = seller.post("/submissions", data={"title": "linear-three 1.0.0"})

    assert refused.status_code == 422
    assert "There is a problem" in refused.text
    page = text(seller, made.headers["Location"])
    assert "VGL-2026-0001" in page
    assert "0 of 9 tasks are completed." in page
    assert page.count("Cannot start yet") == 6
    assert "linear-three 1.0.0" in text(seller, "/submissions?state=draft")
    assert "linear-three 1.0.0" not in text(seller, "/submissions?state=submitted")


def test_a_package_is_uploaded_by_a_form(seller: TestClient, parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)
    files = {"document": ("package.zip", packages.archive(), "application/zip")}

    answer = seller.post(path_of(draft, "package"), data=form(draft), files=files)

    assert (answer.status_code, answer.headers["Location"]) == (303, path_of(draft))
    assert "5 of 9 tasks are completed." in text(seller, path_of(draft))
    assert "package.zip" in text(seller, path_of(draft, "tasks", "package"))
    assert "Research" in text(seller, path_of(draft, "tasks", "intended_use"))
    assert "auroc 0.9" in text(seller, path_of(draft, "tasks", "validation"))
    assert "Children" in text(seller, path_of(draft, "tasks", "limitations"))
    assert "Missed pneumonia" in text(seller, path_of(draft, "tasks", "safety_case"))


def test_a_form_without_a_file_says_so(seller: TestClient, parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)

    answer = seller.post(path_of(draft, "package"), data=form(draft), files={"x": b""})

    assert answer.status_code == 422
    assert "no file was chosen" in answer.text


def test_a_form_that_is_too_large_is_not_even_read(parts: Parts, acme: Actor) -> None:
    settings = SubmissionSettings(data_dir=parts.settings.data_dir, upload_max_mb=1)
    app = create_web(replace(parts, settings=settings), task_pages.router, domains=DOMAINS)
    draft, large = create_draft(parts, acme), {"document": ("p.zip", b"x" * 2_000_000)}

    answer = browser(app, acme).post(path_of(draft, "package"), data=form(draft), files=large)
    stranger = anonymous(app).post(path_of(draft, "package"), data=form(draft), files=large)

    assert (answer.status_code, stranger.status_code) == (413, 401)
    assert current(parts, acme, draft).upload_id is None


def test_faults_of_the_package_name_place_and_remedy(
    seller: TestClient, parts: Parts, acme: Actor
) -> None:
    draft = create_draft(parts, acme)
    card = packages.yaml_bytes(packages.CARD | {"limitations": []})
    attach(parts, acme, draft, packages.archive(card_yaml=card, supplier="<b>BETA</b>"))

    page = text(seller, path_of(draft))
    assert page.count("There is a problem") == 2
    assert "card.yaml:limitations" in text(seller, path_of(draft, "tasks", "limitations"))
    package = text(seller, path_of(draft, "tasks", "package"))
    assert "Write ACME, and upload the package again" in package
    assert "<b>BETA" not in package


def test_an_upload_by_the_api_is_finished_here(
    seller: TestClient, parts: Parts, acme: Actor
) -> None:
    draft, made = create_draft(parts, acme), create_upload(parts, acme)
    begin_upload(parts, acme, 100, filename="half.zip")

    page = text(seller, path_of(draft, "tasks", "package"))
    assert "Not finished: go on by the API or the command line" in page
    fields = form(draft, upload_id=made.id)
    assert seller.post(path_of(draft, "package", "use"), data=fields).status_code == 303

    assert current(parts, acme, draft).upload_id == made.id


def test_answers_are_asked_checked_and_kept(seller: TestClient, parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)
    path, people = path_of(draft, "tasks", "people"), dict(ANSWERS[Task.PEOPLE])

    wrong = seller.post(path, data=form(draft, **(people | {"officer_email": "nobody"})))
    assert wrong.status_code == 422
    assert 'href="#officer_email"' in wrong.text
    assert 'value="nobody"' in wrong.text
    assert 'value="Dr A Officer"' in wrong.text

    kept = seller.post(path, data=form(draft, **people))
    assert kept.headers["Location"] == path_of(draft)
    assert 'value="Dr A Officer"' in text(seller, path)


def test_two_tabs_lose_nothing(seller: TestClient, parts: Parts, acme: Actor) -> None:
    draft, path = create_draft(parts, acme), ""
    path = path_of(draft, "tasks", "release_notes")
    first = form(draft, changes="From the first tab", known_problems="None")
    second = form(draft, changes="From the second tab", known_problems="None")

    assert seller.post(path, data=first).status_code == 303
    late = seller.post(path, data=second)

    assert late.status_code == 412
    assert "Somebody changed this submission meanwhile" in late.text
    assert "From the first tab" in late.text
    assert "From the second tab" in late.text
    assert 'name="revision" value="2"' in late.text
    again = dict(second, revision="2")
    assert seller.post(path, data=again).status_code == 303


def test_a_package_sent_by_the_slower_tab_is_kept(
    seller: TestClient, parts: Parts, acme: Actor
) -> None:
    draft = create_draft(parts, acme)
    answers = form(draft, **ANSWERS[Task.RELEASE_NOTES])
    seller.post(path_of(draft, "tasks", "release_notes"), data=answers)
    files = {"document": ("slow.zip", packages.archive(), "application/zip")}

    late = seller.post(path_of(draft, "package"), data=form(draft), files=files)

    assert late.status_code == 412
    assert "slow.zip" in late.text
    assert "Use this package" in late.text


def test_the_test_run_is_asked_for_and_shown(seller: TestClient, parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)
    made = attach(parts, acme, draft)
    path = path_of(draft, "tasks", "test_run")

    assert seller.post(path_of(draft, "test-run")).headers["Location"] == path
    assert "Look again" in text(seller, path)
    rehearsed(
        parts,
        made.id,
        [{"name": "golden", "passed": False, "evidence": "differs by 0.2", "seconds": 0.1}],
    )
    assert "differs by 0.2" in text(seller, path)
    assert "Run it again" in text(seller, path)


def test_answers_are_checked_then_submitted_once(
    seller: TestClient, parts: Parts, acme: Actor
) -> None:
    ready = create_ready(parts, acme)
    check = text(seller, path_of(ready, "check"))
    assert "Confirm and submit" in check
    assert "Change<span" in check
    for said in ("Dr A Officer", "The first version.", "Declared", "Missed pneumonia"):
        assert said in check

    first = seller.post(path_of(ready, "submit"), data=form(ready))
    again = seller.post(path_of(ready, "submit"), data=form(ready))

    assert first.headers["Location"] == again.headers["Location"]
    panel = text(seller, first.headers["Location"])
    assert "Submission complete" in panel
    assert ready.reference in panel
    assert "Confirm and submit" not in text(seller, path_of(ready, "check"))
    status = text(seller, path_of(ready))
    assert "The checks have not run yet." in status


def test_what_was_checked_is_what_is_submitted(
    seller: TestClient, parts: Parts, acme: Actor
) -> None:
    ready = create_ready(parts, acme)
    changed = form(ready, changes="Something else", known_problems="None")
    seller.post(path_of(ready, "tasks", "release_notes"), data=changed)

    late = seller.post(path_of(ready, "submit"), data=form(ready))

    assert late.status_code == 412
    assert "It was not submitted" in late.text
    assert current(parts, acme, ready).state is SubmissionState.DRAFT


def test_a_draft_with_a_task_to_do_cannot_be_submitted(
    seller: TestClient, parts: Parts, acme: Actor
) -> None:
    draft = create_draft(parts, acme)

    assert "9 tasks are not completed." in text(seller, path_of(draft, "check"))
    assert seller.post(path_of(draft, "submit"), data=form(draft)).status_code == 422
    assert seller.get(path_of(draft, "confirmation")).headers["Location"] == path_of(draft)


def test_a_thread_of_questions_answers_and_notes(
    app: FastAPI, seller: TestClient, parts: Parts, acme: Actor
) -> None:
    done, network = create_submitted(parts, acme), create_reviewer(parts)
    reviewer = browser(app, network)
    ask = path_of(done, "questions")

    assert "Ask the supplier" in text(reviewer, path_of(done))
    empty = reviewer.post(ask, data={"text": " ", "about": "validation"})
    assert (empty.status_code, "There is a problem" in empty.text) == (422, True)
    asked = reviewer.post(ask, data={"text": "Which <scanners>?", "about": "validation"})
    assert asked.status_code == 303

    assert "Not answered" in text(seller, path_of(done))
    assert "Which &lt;scanners&gt;?" in text(seller, path_of(done))
    with parts.database.read() as session:
        [exchange] = conversation.thread(session, acme, done.id)
    answers = path_of(done, "questions", exchange.first.id, "answers")
    wrong = seller.post(answers, data={"text": ""})
    assert wrong.status_code == 422
    assert seller.post(answers, data={"text": "Three makers."}).status_code == 303
    assert seller.post(path_of(done, "notes"), data={"text": "A note"}).status_code == 303
    page = text(reviewer, path_of(done))
    assert "Answered" in page
    assert "Three makers." in page
    assert seller.post(ask, data={"text": "I ask"}).status_code == 403


def test_a_submission_is_withdrawn_with_a_reason(
    seller: TestClient, parts: Parts, acme: Actor
) -> None:
    draft = create_draft(parts, acme)

    assert seller.post(path_of(draft, "withdraw"), data={"reason": " "}).status_code == 422
    assert seller.post(path_of(draft, "withdraw"), data={"reason": "not now"}).status_code == 303
    page = text(seller, path_of(draft))
    assert "Withdrawn" in page
    assert "Withdraw this submission" not in page


def test_the_network_reads_and_changes_nothing(app: FastAPI, parts: Parts, acme: Actor) -> None:
    ready, reviewer = create_ready(parts, acme), browser(app, create_reviewer(parts))

    assert "Organisation ACME" in text(reviewer, "/submissions")
    assert "Check your answers and submit" not in text(reviewer, path_of(ready))
    assert "Confirm and submit" not in text(reviewer, path_of(ready, "check"))
    assert "Dr A Officer" in text(reviewer, path_of(ready, "tasks", "people"))
    answers = form(ready, **ANSWERS[Task.PEOPLE])
    assert reviewer.post(path_of(ready, "tasks", "people"), data=answers).status_code == 403
    files = {"document": ("package.zip", packages.archive(), "application/zip")}
    refused = reviewer.post(path_of(ready, "package"), data=form(ready), files=files)
    assert refused.status_code == 403


def test_another_supplier_finds_nothing(app: FastAPI, parts: Parts, acme: Actor) -> None:
    ready, other = create_ready(parts, acme), browser(app, create_supplier(parts, "BETA"))

    assert ready.reference not in text(other, "/submissions")
    for path in (path_of(ready), path_of(ready, "check"), path_of(ready, "tasks", "people")):
        assert other.get(path).status_code == 404
    files = {"document": ("package.zip", packages.archive(), "application/zip")}
    refused = other.post(path_of(ready, "package"), data=form(ready), files=files)
    assert refused.status_code == 404
    assert anonymous(app).get("/submissions", headers={"Accept": "text/html"}).status_code == 303
