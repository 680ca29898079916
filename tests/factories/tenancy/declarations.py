"""What is watched at a site: for its own people and the network's."""

from datetime import date
from typing import Any

from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from surveillance.declarations import service
from surveillance.declarations.models import Choice
from surveillance.streams.models import ComparisonDay, DeliveryDay
from vigil.kernel.parts import Parts

_WHY = {"reason": "because"}
_DAY = date(2026, 9, 1)
_AT = {"version_id": "{version_id}", "site_id": "{site_id}"}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    place = {"version_id": party.version.id, "site_id": party.site.id}
    counts = {"both": 1, "only_champion": 0, "only_candidate": 0, "neither": 3}
    with parts.database.write() as session:
        row = service.choose(
            session, network.officer, name="kvp", choice=Choice.MUTE, reason="test", **place
        )
        day: dict[str, Any] = {"id": session.new_id("day"), **place, "day": _DAY}
        session.add(DeliveryDay(**day, n=4, late=1, dead=0))
        day |= {"id": session.new_id("day"), **counts}
        pair = {"champion_id": party.version.id, "finding_key": "pneumonia"}
        session.add(ComparisonDay(**day | pair))
    return {"choice_id": row.id}


CLAIMS = Claims(
    lists={
        "GET /api/v1/surveillance/declarations": "version_id={version_id}&site_id={site_id}",
        "GET /api/v1/surveillance/stream-choices": "",
    },
    writes={
        "POST /api/v1/surveillance/stream-choices": [
            Write({"name": "kvp", "choice": "mute", **_AT, **_WHY}),
            Write({"name": "kvp", "choice": "mute", **_WHY}),
        ],
        "POST /api/v1/surveillance/stream-choices/{choice_id}/end": [Write(_WHY)],
        "POST /api/v1/surveillance/references/inputs": [Write({**_AT, "first": 200, **_WHY})],
    },
    seed=seed,
)
