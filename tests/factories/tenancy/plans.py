"""Who may ask for change plans."""

from factories.plans import PLAN
from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from model_registry.plans.models import Plan, PlanAssessment
from vigil.kernel.parts import Parts

_REASON = {"reason": "because"}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    """Each supplier's version brings a plan, and was held against one."""
    with parts.database.write() as session:
        version_id = party.version.id
        session.add(
            Plan(
                id=session.new_id("pln"),
                version_id=version_id,
                content_digest="0" * 64,
                content=PLAN,
                read_at=session.now(),
            )
        )
        session.add(
            PlanAssessment(
                id=session.new_id("pas"),
                version_id=version_id,
                number=1,
                step="retrain",
                chain=[],
                is_inside=False,
                reasons=["there is no other version 0.9.0 of this model"],
                differences=[],
                criteria=[],
                assessed_by=party.seller.id,
                at=session.now(),
            )
        )
    return {}


CLAIMS = Claims(
    supplier_things=frozenset(
        {"GET /api/v1/versions/{version_id}/plan", "GET /versions/{version_id}/plan"}
    ),
    writes={
        "POST /api/v1/versions/{version_id}/plan/assessments": [Write(_REASON)],
        "POST /versions/{version_id}/plan/assessments": [Write(_REASON, form=True)],
    },
    seed=seed,
)
