"""Tolerances: those of a site are for who may read the site; the network sets them."""

from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from surveillance.streams.models import DayPack, DaySeal
from surveillance.streams.packs import packed
from surveillance.tolerances import service
from vigil.kernel.parts import Parts

_BODY = {
    "kind": "score",
    "amount": 0.2,
    "version_id": "{version_id}",
    "site_id": "{site_id}",
    "reason": "because",
}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    with parts.database.write() as session:
        place = {"version_id": party.version.id, "site_id": party.site.id}
        service.set_tolerance(
            session,
            network.officer,
            kind="score",
            amount=0.2,
            reason=f"agreed with {party.site.name}",
            version_id=party.version.id,
            site_id=party.site.id,
        )
        today = session.now().date()
        session.add(
            DayPack(**place, is_group=False, month=today.replace(day=1), content=packed([]))
        )
        session.add(DaySeal(**place, sealed_to=today.replace(day=1)))
    return {}


CLAIMS = Claims(
    lists={
        "GET /api/v1/surveillance/tolerances": "",
        "GET /api/v1/surveillance/tolerances/proposals": "version_id={version_id}",
    },
    writes={"POST /api/v1/surveillance/tolerances": [Write(_BODY)]},
    # Packed counts are read as the streams that they are of.
    not_owned=frozenset({"day_pack", "day_seal"}),
    seed=seed,
)
