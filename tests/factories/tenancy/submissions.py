"""Who may ask for submissions and uploads: a supplier its own, the network all, hospitals none."""

from factories import packages
from factories.submissions import ANSWERS, create_submitted, create_upload
from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from model_registry.submissions import conversation
from model_registry.submissions.questions import Task
from vigil.kernel.parts import Parts

_API = "/api/v1/submissions/{submission_id}"
_PAGE = "/submissions/{submission_id}"
_UPLOAD = "/api/v1/uploads/{upload_id}"
_REASON = {"reason": "because"}
_SAID = {"text": "Why?", "about": "validation"}
_MATCH = {"If-Match": '"1"'}
_PART = {"Content-Type": "application/partial-upload", "Upload-Offset": "0"}
_PEOPLE = dict(ANSWERS[Task.PEOPLE])


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    """Each supplier has handed something over, was asked about it, and uploaded one more."""
    code = party.supplier.ods_code
    done = create_submitted(
        parts, party.seller, packages.archive(name="handed-over", supplier=code)
    )
    loose = create_upload(parts, party.seller, packages.archive(name="loose", supplier=code))
    with parts.database.write() as session:
        asked = conversation.ask(
            session, network.manager, submission_id=done.id, text="Which scanners?"
        )
    return {
        "submission_id": done.id,
        "upload_id": loose.id,
        "question_id": asked.id,
        "task": Task.PEOPLE.value,
    }


CLAIMS = Claims(
    own=frozenset(
        {
            "GET /submissions/new",
            "POST /submissions",
            "POST /api/v1/submissions",
            "POST /api/v1/uploads",
        }
    ),
    lists={"GET /submissions": "", "GET /api/v1/submissions": "", "GET /api/v1/uploads": ""},
    site_things=frozenset(
        {
            f"GET {_API}",
            f"GET {_API}/messages",
            f"GET {_UPLOAD}",
            f"GET {_PAGE}",
            f"GET {_PAGE}/check",
            f"GET {_PAGE}/confirmation",
            f"GET {_PAGE}/tasks/{{task}}",
        }
    ),
    writes={
        f"PATCH {_UPLOAD}": [Write({}, raw=True, headers=_PART)],
        f"DELETE {_UPLOAD}": [Write({})],
        f"PUT {_API}/answers/{{task}}": [Write({"answers": _PEOPLE}, headers=_MATCH)],
        f"PUT {_API}/package": [Write({"upload_id": "{upload_id}"}, headers=_MATCH)],
        f"POST {_API}/test-runs": [Write({})],
        f"POST {_API}/submit": [Write(_REASON, headers=_MATCH)],
        f"POST {_API}/withdraw": [Write(_REASON)],
        f"POST {_API}/questions": [Write(_SAID)],
        f"POST {_API}/questions/{{question_id}}/answers": [Write({"text": "So."})],
        f"POST {_API}/notes": [Write(_SAID)],
        f"POST {_PAGE}/tasks/{{task}}": [Write({**_PEOPLE, "revision": "1"}, form=True)],
        f"POST {_PAGE}/package": [Write({"revision": "1"}, document=True)],
        f"POST {_PAGE}/package/use": [
            Write({"revision": "1", "upload_id": "{upload_id}"}, form=True)
        ],
        f"POST {_PAGE}/test-run": [Write({}, form=True)],
        f"POST {_PAGE}/submit": [Write({"revision": "1"}, form=True)],
        f"POST {_PAGE}/withdraw": [Write(_REASON, form=True)],
        f"POST {_PAGE}/questions": [Write(_SAID, form=True)],
        f"POST {_PAGE}/questions/{{question_id}}/answers": [Write({"text": "So."}, form=True)],
        f"POST {_PAGE}/notes": [Write(_SAID, form=True)],
    },
    seed=seed,
)
