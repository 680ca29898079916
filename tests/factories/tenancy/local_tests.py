"""Local acceptance tests: of a site, for its own people and the network's."""

from factories.identity import PASSWORD, SETUP
from factories.local_tests import FINDING, make_rule, make_table
from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from inference.runs.models import Outcome
from model_registry.versions.models import ModelVersion, VersionStatus
from surveillance.local_tests import judging, service
from surveillance.local_tests.models import LocalTestCase, LocalTestState
from vigil.kernel.parts import Parts

_WHY = {"reason": "because"}
_LABELS = Write(_WHY, document=True, content=make_table({"1.2.3": 1}))
_ON = {"version_id": "{version_id}", "site": "{site}", "rule": make_rule()}


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    with parts.database.write() as session:
        version = session.get_one(ModelVersion, party.version.id)
        before, version.status = version.status, VersionStatus.CHECKED
        session.add(version)
        test = service.plan(
            session,
            network.officer,
            version_id=version.id,
            site_id=party.site.id,
            title=f"Before go-live at {party.site.ods_code}",
            rule=service.read_rule(make_rule()),
            reason="before go-live",
        )
        session.add(
            LocalTestCase(
                id=session.new_id("ltc"),
                local_test_id=test.id,
                site_id=party.site.id,
                study_id=party.done.run.study_id,
                finding_key=FINDING,
                label=True,
                outcome=Outcome.SKIPPED,
                reason="patient_age unknown",
            )
        )
        version.status = before
        test.state = LocalTestState.RUNNING
        session.add_all([version, test])
    facts = judging.evaluate(parts, network.officer, test.id)
    with parts.database.write() as session:
        judging.finish(session, SETUP, parts.objects, test.id, facts)
    return {"test_id": test.id}


_PLAN = {
    "version_id": "{version_id}", "site_id": "{site_id}", "title": "Mine", "unit": "study",
    "sampling": "selected", "max_not_analysed": "0.1", f"{FINDING}-sensitivity": "0.8",
    f"{FINDING}-on": "estimate", f"{FINDING}-min_positives": "1",
    f"{FINDING}-min_negatives": "1", "effusion-tested": "no", "effusion-left_out": "no labels",
}  # fmt: skip

CLAIMS = Claims(
    lists={
        "GET /acceptance-tests": "",
        "GET /acceptance-tests/new": "",
        "GET /api/v1/acceptance-tests": "version_id={version_id}",
    },
    site_things=frozenset(
        {
            "GET /acceptance-tests/{test_id}",
            "GET /api/v1/acceptance-tests/{test_id}",
            "GET /api/v1/acceptance-tests/{test_id}/cases",
            "GET /api/v1/acceptance-tests/{test_id}/document",
        }
    ),
    writes={
        "POST /api/v1/acceptance-tests": [Write({**_ON, "title": "Mine", **_WHY})],
        "POST /api/v1/acceptance-tests/reckoning": [Write(_ON)],
        "POST /api/v1/acceptance-tests/{test_id}/labels": [_LABELS],
        "POST /api/v1/acceptance-tests/{test_id}/run": [Write(_WHY)],
        "POST /acceptance-tests": [Write({**_PLAN, **_WHY}, form=True)],
        "POST /acceptance-tests/new": [Write(_PLAN, form=True)],
        "POST /acceptance-tests/{test_id}/labels": [_LABELS],
        "POST /acceptance-tests/{test_id}/run": [Write(_WHY, form=True)],
        "POST /acceptance-tests/{test_id}/sign": [Write({**_WHY, "password": PASSWORD}, form=True)],
    },
    seed=seed,
)
