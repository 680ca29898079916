"""Who may ask the routes of versions, approvals, the catalogue and their pages."""

from factories.tenancy.claims import Claims, Write
from factories.versions import create_version
from factories.whole import Network, Party

from model_registry.versions import aliases
from vigil.kernel.parts import Parts

_REASON = {"reason": "because"}
_ALIAS = {"name": "challenger", "version_id": "{other_id}", **_REASON}
_MODEL = "/models/{model_id}"
_VERSION = "/models/{model_id}/versions/{version_id}"


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    """A second version, and a name that stands for it."""
    with parts.database.write() as session:
        code = party.supplier.ods_code
        other = create_version(session, parts.objects, code, version="9.0.0")
        alias = aliases.set_alias(
            session,
            network.manager,
            model_id=other.model_id,
            name="champion",
            version_id=other.id,
            reason="it did best",
        )
    return {"other_id": other.id, "name": alias.name}


CLAIMS = Claims(
    supplier_things=frozenset(
        {
            "GET /models/{model_id}",
            "GET /models/{model_id}/history",
            "GET /models/{model_id}/history.csv",
            "GET /api/v1/models/{model_id}/aliases",
            "GET /api/v1/models/{model_id}/standing",
            "GET /api/v1/models/{model_id}/history",
            "GET /api/v1/versions/{version_id}/approval",
            "GET /api/v1/versions/{version_id}/admission",
            "GET /api/v1/versions/{version_id}/lineage",
            "GET /api/v1/versions/{version_id}/comparison/{other_id}",
        }
    ),
    lists={"GET /models/{model_id}/compare": "before={version_id}&after={other_id}"},
    writes={
        "POST /api/v1/models/{model_id}/aliases": [Write(_ALIAS)],
        "POST /api/v1/models/{model_id}/aliases/{name}/clear": [Write(_REASON)],
        "POST /api/v1/versions/{version_id}/approve": [Write(_REASON)],
        f"POST {_MODEL}/aliases": [Write(_ALIAS, form=True)],
        f"POST {_MODEL}/aliases/{{name}}/clear": [Write(_REASON, form=True)],
        f"POST {_VERSION}/approve": [Write(_REASON, form=True)],
        "POST /api/v1/versions/{version_id}/admission": [Write(_REASON)],
        f"POST {_VERSION}/recheck": [Write(_REASON, form=True)],
        f"POST {_VERSION}/withdraw": [Write(_REASON, form=True)],
    },
    seed=seed,
)
