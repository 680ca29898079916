"""The books at the end of a day of crashes: what must be there once is there exactly once."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from factories.hospital import Hospital
from factories.pacs import Pacs
from sqlmodel import col, select

from inference.delivery.models import Delivery, DeliveryState
from inference.results.models import Result
from inference.results.uids import derived_uid
from inference.routing.models import RoutingDecision
from inference.runs.models import Finding, Outcome, Run, RunMode, RunState
from inference.studies.models import Instance, Study, StudyState
from surveillance.records import service as records
from surveillance.records.models import WHOLE_RUN, AggregateDay, PredictionRecord
from surveillance.records.pseudonyms import Pseudonyms
from surveillance.records.reading import day_of
from surveillance.records.repository import Scope
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession
from vigil.kernel.engine import repository as engine
from vigil.kernel.engine import status, tables
from vigil.kernel.objects import sha256


@dataclass(frozen=True)
class Books:
    """What the database, the object store and the PACS hold, to be compared."""

    hospital: Hospital

    def drained(self, instances: int) -> bool:
        """Whether so many instances are indexed and nothing is on its way any more."""
        with self.hospital.parts.database.read() as session:
            return (
                _count(session, select(Instance)) == instances
                and not _count(session, select(Study).where(Study.state != StudyState.CLOSED))
                and not _count(session, select(Run).where(Run.state != RunState.FINISHED))
                and not _count(session, _PENDING)
                and not engine.depths(session, engine.ACTIVE)
            )

    def check(self, acknowledged: dict[str, str], pacs: Pacs) -> None:
        """Assert every promise of design section 2 that a crash could break."""
        self.check_instances(acknowledged)
        self.check_runs()
        self.check_deliveries(pacs)
        self.check_records()
        with self.hospital.parts.database.read() as session:
            assert audit.verify(session).holds
            assert not status.failed(session)

    def check_instances(self, acknowledged: dict[str, str]) -> None:
        objects = self.hospital.parts.objects
        with self.hospital.parts.database.read() as session:
            indexed = session.exec(select(Instance)).all()
        assert {one.sop_instance_uid: one.data_set_digest for one in indexed} == acknowledged
        assert len(indexed) == len(acknowledged)
        for one in indexed:
            data = objects.get(one.digest)
            assert sha256(data) == one.digest
            assert len(data) == one.size

    def check_runs(self) -> None:
        """Each revision that was routed has one run for each deployment, with an outcome."""
        with self.hospital.parts.database.read() as session:
            runs = session.exec(select(Run)).all()
            sent = session.exec(select(RoutingDecision)).all()
            revisions = {one.id: one.revision for one in session.exec(select(Study)).all()}
        planned = Counter((one.study_id, one.study_revision, one.deployment_id) for one in runs)
        assert set(planned.values()) == {1}
        assert planned == Counter((d.study_id, d.study_revision, d.deployment_id) for d in sent)
        assert {(one.study_id, one.study_revision) for one in runs} == {
            (study, number) for study, last in revisions.items() for number in range(1, last + 1)
        }
        outcomes = {one.outcome for one in runs}
        assert outcomes <= {Outcome.SUCCEEDED, Outcome.CANCELLED}, [one.reason for one in runs]
        assert all(one.outcome is not Outcome.CANCELLED for one in _latest(runs))

    def check_deliveries(self, pacs: Pacs) -> None:
        """Each run that a reader is to see has one result, delivered once, and no other has."""
        with self.hospital.parts.database.read() as session:
            shown = set(session.exec(_SHOWN).all())
            results = session.exec(select(Result)).all()
            deliveries = session.exec(select(Delivery)).all()
        assert Counter(one.run_id for one in results) == Counter(shown)
        assert Counter(one.result_id for one in deliveries) == Counter(one.id for one in results)
        assert {one.state for one in deliveries} == {DeliveryState.DELIVERED}
        assert {one.sop_instance_uid for one in results} == {
            str(derived_uid("sr", run)) for run in shown
        }
        assert pacs.objects == {one.sop_instance_uid for one in results}
        # What came twice was byte for byte the same.
        assert all(len(set(digests)) == 1 for digests in pacs.received.values())

    def check_records(self) -> None:
        """Surveillance counted each run once, and its daily counts are those of its records."""
        parts = self.hospital.parts
        with parts.database.read() as session:
            runs = session.exec(select(Run).where(Run.outcome != Outcome.CANCELLED)).all()
            found = session.exec(select(Finding.run_id, Finding.key).distinct()).all()
            kept = session.exec(select(PredictionRecord)).all()
        wanted = Counter((run.id, WHOLE_RUN) for run in runs) + Counter(map(tuple, found))
        names = Pseudonyms(parts.keys)
        pseudonyms = {run.id: names.of(run.id, day_of(run)) for run in runs}
        assert Counter((one.run_pseudonym, one.finding_key) for one in kept) == Counter(
            {(pseudonyms[run], key): count for (run, key), count in wanted.items()}
        )
        before = self._counts()
        with parts.database.write() as session:
            records.rebuild(session, Scope())
        assert self._counts() == before

    def restarts(self) -> tuple[int, int]:
        """Return how much work was started more than once, and how often in all."""
        with self.hospital.parts.database.read() as session:
            work = tables.work(session)
            started = session.execute(sa.select(work.c.recovery_attempts)).scalars().all()
        more = [count - 1 for count in started if count > 1]
        return len(more), sum(more)

    def seconds_to_delivery(self) -> list[float]:
        """Return how long each study took from its last instance to the PACS, shortest first."""
        with self.hospital.parts.database.read() as session:
            rows = session.execute(
                sa.select(col(Study.last_arrival_at), sa.func.max(col(Delivery.delivered_at)))
                .join(Run, col(Run.study_id) == col(Study.id))
                .join(Delivery, col(Delivery.run_id) == col(Run.id))
                .group_by(col(Study.id))
            ).all()
        return sorted((delivered - arrived).total_seconds() for arrived, delivered in rows)

    def count(self, kind: Any) -> int:
        with self.hospital.parts.database.read() as session:
            return _count(session, select(kind))

    def outcomes(self) -> dict[str, int]:
        with self.hospital.parts.database.read() as session:
            ended = session.exec(select(Run.outcome)).all()
        return dict(Counter(str(one) for one in ended))

    def revisions(self) -> int:
        with self.hospital.parts.database.read() as session:
            return sum(session.exec(select(Study.revision)).all())

    def litter(self) -> int:
        """Return how many files killed processes left half written, or meant for a moment."""
        incoming = self.hospital.settings.objects / "incoming"
        return len([*incoming.iterdir(), *self.hospital.temporary.iterdir()])

    def _counts(self) -> list[dict[str, Any]]:
        with self.hospital.parts.database.read() as session:
            rows = session.exec(select(AggregateDay)).all()
        plain = [
            {**row.model_dump(exclude={"histogram"}), "histogram": list(row.histogram)}
            for row in rows
        ]
        # A level whose counts went back to nothing may stay as a row of zeros.
        return sorted((row for row in plain if row["n"]), key=lambda row: row["id"])


_PENDING = select(Delivery).where(Delivery.state == DeliveryState.PENDING)
_SHOWN = select(Run.id).where(Run.mode == RunMode.LIVE, Run.outcome != Outcome.CANCELLED)


def _count(session: ReadSession, statement: Any) -> int:
    counted = sa.select(sa.func.count()).select_from(statement.subquery())
    return int(session.execute(counted).scalar_one())


def _latest(runs: Any) -> list[Run]:
    newest: dict[tuple[str, str], Run] = {}
    for run in sorted(runs, key=lambda run: run.study_revision):
        newest[run.study_id, run.deployment_id] = run
    return list(newest.values())
