"""Crosses of axes name neither a site nor a patient: whoever watches may read them."""

from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from surveillance.crosses import service
from surveillance.crosses.repository import in_force
from vigil.kernel.parts import Parts

_WHY = {"reason": "because"}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    with parts.database.write() as session:
        axes = ("sex", "setting" if in_force(session) else "view")
        row = service.name(session, network.officer, name="mine", axes=axes, **_WHY)
    return {"cross_id": row.id}


CLAIMS = Claims(
    own=frozenset({"GET /api/v1/surveillance/crosses"}),
    writes={
        "POST /api/v1/surveillance/crosses": [
            Write({"name": "mine", "axes": ["imd", "setting"], **_WHY})
        ],
        "POST /api/v1/surveillance/crosses/recounts": [Write(_WHY)],
        "POST /api/v1/surveillance/crosses/{cross_id}/end": [Write(_WHY)],
    },
    not_owned=frozenset({"named_cross"}),
    seed=seed,
)
