"""What the metrics say of the state that the database holds."""

from datetime import timedelta
from typing import Any

from factories.identity import create_organisation, create_person, create_site
from factories.runs import create_run
from factories.studies import create_study
from factories.surveillance import FINDING, create_place, many_runs, reference_cases
from prometheus_client import CollectorRegistry, generate_latest

from inference.runs.models import Outcome, RunMode
from surveillance.records import baseline
from surveillance.records import service as records
from surveillance.references.service import Baseline
from surveillance.streams.evaluation import evaluate
from vigil.app.counts import StateCollector
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

FAMILIES = {
    "vigil_studies",
    "vigil_runs",
    "vigil_deliveries",
    "vigil_alerts",
    "vigil_last_arrival_timestamp_seconds",
}


def samples(parts: Parts) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in StateCollector(parts.database).collect()
        for sample in family.samples
    }


def test_an_empty_database_has_every_family_and_no_arrival(parts: Parts) -> None:
    families = list(StateCollector(parts.database).collect())

    assert {family.name for family in families} == FAMILIES
    assert samples(parts) == {("vigil_last_arrival_timestamp_seconds",): 0.0}


def test_studies_and_runs_are_counted_by_how_they_stand(parts: Parts, clock: Any) -> None:
    with parts.database.write() as session:
        site = create_site(session)
        create_study(session, site.id)
        create_study(session, site.id)
        done = create_run(session, parts.objects, site.id)  # type: ignore[arg-type]
        create_run(
            session,
            parts.objects,  # type: ignore[arg-type]
            site.id,
            supersedes=done,
            outcome=Outcome.SKIPPED,
            mode=RunMode.SHADOW,
        )

    found = samples(parts)

    assert found["vigil_studies", "receiving"] == 3
    assert found["vigil_runs", "live", "succeeded"] == 1
    assert found["vigil_runs", "shadow", "skipped"] == 1
    assert found["vigil_last_arrival_timestamp_seconds",] == clock.now.timestamp()


def test_alerts_are_counted_by_tier_and_state(parts: Parts) -> None:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        officer = create_person(session, "NET", Role.CSO)
        place = create_place(session)
        today = session.now().date()
        start = today - timedelta(days=29)
        baseline.set_from_cases(
            session,
            officer,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            baseline=Baseline(decided=2000, overridden=80),
            effective_from=start,
        )
        records.record_runs(
            session,
            parts.keys,
            many_runs(place, days=30, per_day=12, start=start, override_rate=0.25),
        )
        evaluate(session, officer, parts.events, day=today)

    assert samples(parts)["vigil_alerts", "escalate", "new"] == 1


def test_they_are_told_in_prometheus_words_without_a_name(parts: Parts) -> None:
    registry = CollectorRegistry()
    registry.register(StateCollector(parts.database))
    with parts.database.write() as session:
        site = create_site(session)
        done = create_run(session, parts.objects, site.id)  # type: ignore[arg-type]

    text = generate_latest(registry).decode()

    assert 'vigil_runs{mode="live",outcome="succeeded"} 1.0' in text
    for secret in (site.id, site.ods_code, done.run.id, done.study.study_instance_uid):
        assert secret not in text
