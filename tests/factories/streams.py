"""Runs with numbers and categories, for tests of what is watched beside scores."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from factories.surveillance import START, Place, run_facts

from inference.runs.models import Outcome
from model_registry.deployments.models import Deployment, DeploymentPeriod, Mode
from surveillance.records import service
from surveillance.records.facts import RunFacts
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.keys import Keys

# Of a day since START and a case of it, the attributes and the numbers.
Made = Callable[[int, Random], tuple[Mapping[str, object], Mapping[str, float | None]]]
Ended = Callable[[int, Random], Outcome]


def succeeded(_day: int, _random: Random) -> Outcome:
    return Outcome.SUCCEEDED


def many_inputs(
    place: Place,
    made: Made,
    *,
    days: int,
    per_day: Callable[[int], int],
    start: date = START,
    ended: Ended = succeeded,
) -> list[RunFacts]:
    random = Random(7)
    facts = []
    for day in range(days):
        for number in range(per_day(day)):
            attributes, numbers = made(day, random)
            one = run_facts(
                place,
                day * 10_000 + number,
                day=start + timedelta(days=day),
                score=random.random(),
                outcome=ended(day, random),
                attributes=attributes,
            )
            facts.append(replace(one, features=dict(numbers)))
    return facts


def record_all(database: Database, keys: Keys, facts: list[RunFacts]) -> None:
    with database.write() as session:
        service.record_runs(session, keys, facts)


def at_work(
    session: WriteSession, place: Place, since: date = START, until: date | None = None
) -> None:
    """Say that the place's version was live from one midnight to another."""
    deployment = session.get_one(Deployment, place.deployment_id)
    session.add(
        DeploymentPeriod(
            id=session.new_id("per"),
            deployment_id=deployment.id,
            revision=1,
            model_id=place.model_id,
            version_id=place.version_id,
            site_id=place.site_id,
            mode=Mode.LIVE,
            share=100,
            thresholds={},
            from_at=datetime.combine(since, time(), UTC),
            to_at=datetime.combine(until, time(), UTC) if until else None,
            by="usr_test",
            reason="test",
        )
    )
    session.flush()
