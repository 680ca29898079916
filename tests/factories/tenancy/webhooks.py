"""Webhooks: each is its organisation's; the network reads all of them."""

from factories.identity import SETUP
from factories.tenancy.claims import Claims, Write
from factories.webhooks import create_webhook
from factories.whole import Network, Party

from model_registry.webhooks import service
from vigil.kernel.parts import Parts

_NEW = {"url": "https://example.org/x", "reason": "because"}
_REASON = {"reason": "because"}
_ONE = "/webhooks/{webhook_id}"
_MESSAGE = "/webhook-deliveries/{webhook_delivery_id}"


def _seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    """A webhook of the supplier and one of the hospital, each with a message."""
    with parts.database.write() as session:
        create_webhook(session, parts, organisation=party.supplier.ods_code)
        hospital, _ = create_webhook(session, parts, organisation=party.site.ods_code[:3])
        message = service.ping(session, SETUP, parts.queue, webhook_id=hospital.id)
    return {
        "webhook_id": hospital.id,
        "webhook_delivery_id": message.id,
        "supplier_code": party.supplier.ods_code,
    }


CLAIMS = Claims(
    own=frozenset({"GET /api/v1/webhooks/topics", "POST /webhooks"}),
    lists={"GET /webhooks": "", "GET /api/v1/webhooks": ""},
    site_things=frozenset(
        {f"GET {_ONE}", f"GET /api/v1{_ONE}", f"GET /api/v1{_ONE}/deliveries"},
    ),
    writes={
        "POST /api/v1/webhooks": [
            Write({**_NEW, "topics": ["version.*"], "organisation": "{supplier_code}"})
        ],
        f"POST /api/v1{_ONE}/test": [Write({})],
        f"POST /api/v1{_ONE}/rotate": [Write(_REASON)],
        f"POST /api/v1{_MESSAGE}/redeliver": [Write(_REASON)],
        f"POST /api/v1{_ONE}/redeliver": [Write(_REASON)],
        f"POST /api/v1{_ONE}/end": [Write(_REASON)],
        f"POST {_ONE}/test": [Write({}, form=True)],
        f"POST {_ONE}/rotate": [Write(_REASON, form=True)],
        f"POST {_MESSAGE}/redeliver": [Write(_REASON, form=True)],
        f"POST {_ONE}/redeliver": [Write(_REASON, form=True)],
        f"POST {_ONE}/end": [Write(_REASON, form=True)],
    },
    seed=_seed,
)
