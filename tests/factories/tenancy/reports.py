"""Reports, their schedules, label-free views: of a site, for its people and the network's."""

from factories.identity import SETUP
from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from surveillance.reports import schedules
from surveillance.reports.models import Cadence, Report
from vigil.kernel.parts import Parts

_WHY = {"reason": "because"}
_ON = {"version_id": "{version_id}", "site_id": "{site_id}"}
_DAYS = {"from_day": "2026-11-01", "to_day": "2026-11-21"}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    with parts.database.write() as session:
        row = schedules.add(
            session,
            SETUP,
            version_id=party.version.id,
            site_id=party.site.id,
            cadence=Cadence.MONTHLY,
            reason="for the board",
        )
        report = session.get_one(Report, party.report.id)
        report.json_digest = parts.objects.put(f'{{"report": "{report.id}"}}'.encode())
        session.add(report)
    return {"schedule_id": row.id}


CLAIMS = Claims(
    lists={
        "GET /api/v1/report-schedules": "version_id={version_id}",
        "GET /api/v1/surveillance/label-free": "version_id={version_id}&site_id={site_id}"
        "&from_day=2026-01-01&to_day=2026-12-31",
        "GET /reports/new": "version_id={version_id}",
    },
    site_things=frozenset(
        {
            "GET /api/v1/report-schedules/{schedule_id}",
            "GET /api/v1/reports/{report_id}/document",
            "GET /api/v1/reports/{report_id}/figures",
            "GET /reports/{report_id}/download",
            "GET /reports/{report_id}/figures",
        }
    ),
    supplier_things=frozenset({"GET /models/{model_id}/versions/{version_id}/label-free"}),
    writes={
        "POST /api/v1/reports/{report_id}/retry": [Write(_WHY)],
        "POST /api/v1/report-schedules": [Write({**_ON, "cadence": "weekly", **_WHY})],
        "POST /api/v1/report-schedules/{schedule_id}/end": [Write(_WHY)],
        "POST /reports": [Write({**_ON, **_DAYS, "finding_key": "-", **_WHY}, form=True)],
        "POST /reports/{report_id}/retry": [Write(_WHY, form=True)],
        "POST /reports/{report_id}/schedule": [Write({"cadence": "weekly", **_WHY}, form=True)],
        "POST /report-schedules/{schedule_id}/end": [Write(_WHY, form=True)],
    },
    seed=seed,
)
