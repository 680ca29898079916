"""Simulations: of a site, for its own people and the network's."""

from io import BytesIO

from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from surveillance.simulation import service
from surveillance.simulation.question import Question
from surveillance.simulation.tasks import ACTOR
from surveillance.simulation.uploads import uploads_of
from vigil.kernel.parts import Parts

_TABLE = b"day,score\n2026-05-01,0.5\n"
_WHY = {"reason": "because"}
_FORM = {"site": "{site}", "title": "Mine", **_WHY}
_DAYS = {"from_day": "2026-05-01", "to_day": "2026-05-03"}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    uploads = uploads_of(parts.settings)
    with parts.database.write() as session:
        row = service.simulate(
            session,
            network.officer,
            parts.queue,
            uploads,
            site_id=party.site.id,
            title=f"Before go-live at {party.site.ods_code}",
            question=Question(),
            document=BytesIO(_TABLE),
            reference=None,
            reason="before go-live",
        )
        empty = parts.objects.put(b'{"streams":[],"site":"' + party.site.id.encode() + b'"}')
        service.finish(session, ACTOR, row.id, {"result": empty, "html": empty})
    uploads.delete(row.id)
    return {"simulation_id": row.id}


CLAIMS = Claims(
    lists={"GET /simulations": "", "GET /api/v1/surveillance/simulations": ""},
    site_things=frozenset(
        {
            "GET /simulations/{simulation_id}",
            "GET /api/v1/surveillance/simulations/{simulation_id}",
            "GET /api/v1/surveillance/simulations/{simulation_id}/result",
            "GET /api/v1/surveillance/simulations/{simulation_id}/page",
        }
    ),
    writes={
        "POST /api/v1/surveillance/simulations": [Write(_FORM, document=True, content=_TABLE)],
        "POST /api/v1/surveillance/backfills": [
            Write({"version_id": "{version_id}", "site": "{site}", **_DAYS, **_WHY})
        ],
        "POST /simulations": [Write(_FORM, document=True, content=_TABLE)],
        "POST /simulations/backfills": [
            Write({"version": "{version_id}", "site": "{site}", **_DAYS, **_WHY}, form=True)
        ],
    },
    seed=seed,
)
