"""Who may ask for the pages of sign-offs, and for the gates."""

from factories.identity import PASSWORD
from factories.tenancy.claims import Claims, Write

_SIGNATURE = {"reason": "because", "password": PASSWORD}

CLAIMS = Claims(
    lists={
        "GET /safety": "shows=acceptances",
        "GET /api/v1/safety/stale": "",
        "GET /api/v1/gates": "version_id={version_id}&site={site}",
    },
    site_things=frozenset(
        {
            "GET /safety/acceptances/{acceptance_id}",
            "GET /api/v1/deployments/{deployment_id}/gates",
        }
    ),
    supplier_things=frozenset({"GET /safety/cases/{case_id}"}),
    writes={
        "POST /safety/cases/{case_id}/sign": [Write(_SIGNATURE, form=True)],
        "POST /safety/acceptances/{acceptance_id}/sign": [Write(_SIGNATURE, form=True)],
    },
)
