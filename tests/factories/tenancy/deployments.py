"""The pages of deployments and reviews, and what the API has beside the first routes."""

from factories.tenancy.claims import Claims, Write

_WHY = {"reason": "because"}

CLAIMS = Claims(
    # The table of steps is the same for whoever asks.
    own=frozenset({"GET /deployments/rules", "GET /api/v1/deployments/rules"}),
    lists={
        "GET /deployments": "",
        "GET /deployments.csv": "",
        "GET /deployments/new": "version={version_id}",
        "GET /reviews": "",
        "GET /api/v1/deployments/changes": "",
    },
    site_things=frozenset(
        {
            "GET /deployments/{deployment_id}",
            "GET /reviews/{change_id}",
            "GET /api/v1/deployments/changes/{change_id}",
        }
    ),
    writes={
        "POST /deployments": [
            Write({"version": "{version_id}", "site": "{site}", **_WHY}, form=True)
        ],
        "POST /deployments/{deployment_id}/changes": [
            Write({"to_mode": "retired", **_WHY}, form=True)
        ],
        "POST /deployments/{deployment_id}/rollback": [Write(_WHY, form=True)],
        "POST /deployments/{deployment_id}/fall-back": [Write(_WHY, form=True)],
        "POST /reviews/{change_id}/agree": [
            Write({"password": "correct horse battery staple", **_WHY}, form=True)
        ],
        "POST /reviews/{change_id}/withdraw": [Write(_WHY, form=True)],
    },
)
