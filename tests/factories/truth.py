"""Studies at a place, and what a site says of them later."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from factories.surveillance import FINDING, START, Place, many_runs
from sqlmodel import select

from surveillance.records import service
from surveillance.records.events import RunRecorded
from surveillance.records.facts import RunFacts
from surveillance.records.models import AggregateDay, TruthDay
from surveillance.records.repository import Scope
from surveillance.truth import service as truth
from surveillance.truth.intake import Taken
from surveillance.truth.lines import Line
from vigil.kernel.db import Database, ReadSession
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.keys import Keys

EVERYBODY = system_actor("test")


def uid(number: int) -> str:
    return f"1.2.826.0.1.{number}"


def studied(runs: Sequence[RunFacts], first: int = 0) -> list[RunFacts]:
    """Give each run a study of its own."""
    return [
        replace(run, study_instance_uid=uid(first + number), exam_day=run.day)
        for number, run in enumerate(runs)
    ]


def studies(place: Place, *, days: int = 4, per_day: int = 10, first: int = 0) -> list[RunFacts]:
    return studied(many_runs(place, days=days, per_day=per_day, seed=first + 1), first)


def label(
    number: int, study: str, present: object, *, day: date | None = None, finding: str = FINDING
) -> Line:
    values = {"study_instance_uid": study, "finding": finding, "present": str(present)}
    return Line(number, values | {"label_day": day.isoformat() if day else ""})


def labels(runs: Sequence[RunFacts], *, seed: int = 5, lag: int = 3, start: int = 1) -> list[Line]:
    """Label every study some days after its exam, at random."""
    random = Random(seed)
    return [
        label(
            number,
            str(run.study_instance_uid),
            random.choice((0, 1)),
            day=(run.exam_day or START) + timedelta(days=random.randint(0, lag)),
        )
        for number, run in enumerate(runs, start=start)
    ]


class Ward:
    """A site whose studies are recorded and labelled."""

    def __init__(self, database: Database, keys: Keys, place: Place) -> None:
        self.database, self.keys, self.place = database, keys, place

    def record(self, runs: Sequence[RunFacts]) -> None:
        with self.database.write() as session:
            service.record_runs(session, self.keys, runs)
            for run in runs:
                study = service.study_pseudonym(self.keys, run)
                if study is not None:
                    truth.on_run_recorded(session, RunRecorded(run.site_id, study))

    def tell(self, lines: Sequence[Line], *, groups: bool = False) -> Taken:
        add = truth.add_groups if groups else truth.add_labels
        with self.database.write() as session:
            return add(
                session,
                EVERYBODY,
                self.keys,
                site_id=self.place.site_id,
                source="registry",
                lines=lines,
                reason="quarterly audit",
            )

    def counts(self) -> dict[str, Any]:
        """Return every daily count, by its row."""
        with self.database.read() as session:
            return counts(session)

    def rebuild(self) -> None:
        with self.database.write() as session:
            service.rebuild(session, Scope())


def counts(session: ReadSession) -> dict[str, Any]:
    """Return every daily row that is not all zeros, as plain values."""
    found: dict[str, Any] = {}
    for table in (AggregateDay, TruthDay):
        rows: Sequence[Any] = session.exec(select(table)).all()
        for row in rows:
            values = {
                name: tuple(value.tolist()) if hasattr(value, "tolist") else value
                for name, value in row.model_dump().items()
            }
            numbers = [value for value in values.values() if isinstance(value, int)]
            if any(numbers):
                found[row.id] = values
    return found
