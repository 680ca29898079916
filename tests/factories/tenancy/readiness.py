"""Readiness: a site's is the site's and the network's, and no supplier's."""

from factories.readiness import answered, record
from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from inference.readiness.items import ItemKey
from inference.readiness.service import Document
from vigil.kernel.parts import Parts

_EVIDENCE = {"item": "dpia", "model_id": "{model_id}", "reference": "x", "owner": "x",
             "valid_from": "2026-11-21", "reason": "because"}  # fmt: skip
_WAIVER = {"item": "shadow", "model_id": "{model_id}", "reason": "because"}
_SITE, _DOCUMENT = "/sites/{site_id}", "/readiness/evidence/{evidence_id}/document"


def _seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    with parts.database.write() as session:
        answered(session, party.node)
        made = record(
            session,
            parts.objects,
            ItemKey.DPIA,
            site_id=party.site.id,
            model_id=party.version.model_id,
            document=Document("dpia.pdf", party.site.name.encode()),
        )
    return {"evidence_id": made.id}


CLAIMS = Claims(
    lists={
        "GET /sites": "",
        "GET /api/v1/sites/readiness": "",
        "GET /api/v1/sites/readiness.csv": "",
    },
    site_things=frozenset(
        {
            f"GET {_SITE}",
            f"GET /api/v1{_SITE}/readiness",
            "GET /api/v1/readiness/evidence/{evidence_id}",
            f"GET /api/v1{_DOCUMENT}",
            f"GET {_DOCUMENT}",
        }
    ),
    writes={
        "POST /api/v1/readiness/evidence": [Write({**_EVIDENCE, "site": "{site}"}, document=True)],
        "POST /api/v1/readiness/waivers": [Write({**_WAIVER, "site": "{site}"})],
        f"POST {_SITE}/evidence": [Write(_EVIDENCE, form=True)],
        f"POST {_SITE}/waivers": [Write(_WAIVER, form=True)],
        "POST /api/v1/nodes/{node_id}/echo": [Write({})],
        "POST /nodes/{node_id}/echo": [Write({}, form=True)],
    },
    seed=_seed,
)
