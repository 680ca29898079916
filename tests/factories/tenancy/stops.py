"""Stops: of a site, for its own people; of a model, for its hospitals and its supplier."""

from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from model_registry.stops import service
from model_registry.stops.models import Scope
from vigil.kernel.parts import Parts

_WHY = {"reason": "because"}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    with parts.database.write() as session:
        target = service.target_named(session, network.officer, Scope.SITE, party.site.ods_code)
        stop = service.order(session, network.officer, target=target, reason="odd results")
        # One whose lift is asked for: agreeing to it has to be refused for who asks.
        model = service.target_named(session, network.officer, Scope.MODEL, party.version.model_id)
        asked = service.order(session, network.officer, target=model, reason="missed findings")
        service.request_lift(session, network.officer, stop_id=asked.id, reason="fixed")
    return {"stop_id": stop.id, "asked_stop_id": asked.id}


CLAIMS = Claims(
    lists={"GET /api/v1/stops": "", "GET /stops": "show=all"},
    site_things=frozenset({"GET /api/v1/stops/{stop_id}", "GET /stops/{stop_id}"}),
    # A form that lists what its reader may stop; it shows names of sites and no rows of theirs.
    own=frozenset({"GET /stops/new"}),
    writes={
        "POST /api/v1/stops": [
            Write({"scope": "site", "target": "{site}", **_WHY}),
            Write({"scope": "model", "target": "{model_id}", **_WHY}),
            Write({"scope": "supplier", "target": "ACME", **_WHY}),
        ],
        "POST /api/v1/stops/{stop_id}/lift-request": [Write(_WHY)],
        "POST /api/v1/stops/{stop_id}/keep": [Write(_WHY)],
        "POST /api/v1/stops/{stop_id}/lift": [Write(_WHY)],
        "POST /stops/check": [Write({"target": "site:{site}", **_WHY}, form=True)],
        "POST /stops": [
            Write({"target": "site:{site}", **_WHY}, form=True),
            Write({"target": "supplier:ACME", **_WHY}, form=True),
        ],
        "POST /stops/{stop_id}/lift-request": [Write(_WHY, form=True)],
        "POST /stops/{stop_id}/keep": [Write(_WHY, form=True)],
        "POST /stops/{stop_id}/lift": [Write(_WHY, form=True)],
    },
    seed=seed,
)
