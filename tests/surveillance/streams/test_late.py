"""What comes late reaches the detector once, and changes no day that was looked at."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

import pytest
from conftest import FakeClock
from factories.surveillance import FINDING, START, Place, create_place, many_runs
from factories.truth import EVERYBODY, Ward, counts, label, studied

from inference.decisions.models import Decision
from surveillance.alerts import service as alerts
from surveillance.alerts.models import Alert, Tier
from surveillance.axes import ALL
from surveillance.records import baseline, service
from surveillance.records.facts import RunFacts
from surveillance.records.models import Basis
from surveillance.records.repository import Scope
from surveillance.references.cases import Case
from surveillance.references.service import Baseline
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.daily import course
from surveillance.streams.evaluation import evaluate
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.sentences import sentence
from surveillance.streams.service import override_summary
from surveillance.truth import service as truth
from vigil.kernel.db import Database
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
Found = Mapping[StreamKind, tuple[Verdict, Assessment]]


class Bay(Ward):
    """A ward with a labelled reference, looked at now and then."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        place: Place,
        objects: LocalObjectStore,
        clock: FakeClock,
    ) -> None:
        super().__init__(database, keys, place)
        self.objects, self.clock = objects, clock

    def refer(self, day: date) -> None:
        random = Random(1)
        scores = [random.random() for _ in range(2000)]
        cases = [Case(score, score >= 0.7, truth=random.random() < score) for score in scores]
        with self.database.write() as session:
            baseline.set_from_cases(
                session,
                OFFICER,
                self.objects,
                version_id=self.place.version_id,
                finding_key=FINDING,
                cases=cases,
                reason="validation set",
                effective_from=day,
                baseline=Baseline(2000, 80, override_fp=40, override_fn=40),
            )

    def missed(self, runs: Sequence[RunFacts]) -> None:
        """Say three days after each exam that everybody has it: seven in ten are missed."""
        lines = [
            label(number, str(run.study_instance_uid), 1, day=run.day + timedelta(days=3))
            for number, run in enumerate(runs, start=1)
        ]
        assert self.tell(lines).batch.verdicts == {"accepted": len(lines)}

    def overridden(self, runs: Sequence[RunFacts], every: int = 2) -> None:
        with self.database.write() as session:
            for number, run in enumerate(runs):
                said = Decision.OVERRIDE_FP if number % every == 0 else Decision.AGREE_NEG
                service.set_decisions(session, self.keys, run.run_id, {FINDING: said}, run.day)

    def look(self) -> tuple[Found, list[Alert]]:
        with self.database.write() as session:
            today = session.now().date()
            judged, raised = evaluate(session, OFFICER, Events(), day=today)
        found = {
            each.assessment.kind: (each.verdict, each.assessment)
            for each in judged
            if each.assessment.axis == ALL
        }
        return found, [alert for alert in raised if alert.axis == ALL]

    def resolve(self, raised: Sequence[Alert], kind: StreamKind) -> None:
        (alert,) = (alert for alert in raised if alert.stream == kind)
        assert alert.tier is Tier.ESCALATE
        with self.database.write() as session:
            alerts.resolve(session, OFFICER, alert.id, "looked at")

    def labelled(self) -> dict[date, int]:
        """Return how many labels became known on which day."""
        with self.database.read() as session:
            (found,) = truth.series(session, OFFICER, Scope(), basis=Basis.LABEL)
        counted: Counter[date] = Counter()
        for day, n in zip(found.days, found.n.tolist(), strict=True):
            counted[day] += n
        return dict(counted)

    def days(self, kind: StreamKind) -> list[tuple[date, int]]:
        stream = Stream(self.place.version_id, self.place.site_id, FINDING, kind)
        with self.database.read() as session:
            found = course(session, OFFICER, stream, day=session.now().date())
        return [(one.day, one.n or 0) for one in found.days]


@pytest.fixture
def bay(database: Database, keys: Keys, objects: LocalObjectStore, clock: FakeClock) -> Bay:
    with database.write() as session:
        place = create_place(session)
    bay = Bay(database, keys, place, objects, clock)
    bay.refer(START)
    return bay


def runs_of(bay: Bay, *, days: int = 60, decided: float = 0.0) -> list[RunFacts]:
    runs = studied(many_runs(bay.place, days=days, per_day=20, decided=decided))
    bay.record(runs)
    return runs


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_labels_that_come_after_a_resolution_are_judged_whatever_their_day(bay: Bay) -> None:
    runs = runs_of(bay)
    bay.missed(runs[:600])
    found, raised = bay.look()
    assert found[StreamKind.MISS_RATE][0] is Verdict.ESCALATE
    bay.resolve(raised, StreamKind.MISS_RATE)

    bay.clock.advance(7 * 86_400)
    bay.missed(runs[600:])
    found, raised = bay.look()

    verdict, known = found[StreamKind.MISS_RATE]
    assert (verdict, known.n) == (Verdict.ESCALATE, 600)
    assert "600 labels from before 22 November 2026 are left out" in sentence(known)
    assert StreamKind.MISS_RATE in [alert.stream for alert in raised]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_labels_dated_before_a_new_reference_are_judged_on_it(bay: Bay) -> None:
    runs = runs_of(bay)
    bay.missed(runs[:300])
    bay.clock.advance(86_400)
    bay.refer(bay.clock.now.date())
    found, _ = bay.look()
    verdict, known = found[StreamKind.MISS_RATE]
    assert verdict is Verdict.INSUFFICIENT
    assert "0 of 150 labelled cases since the reference" in sentence(known)
    assert "300 labels from before 22 November 2026 are left out" in sentence(known)

    bay.missed(runs[300:])
    found, _ = bay.look()
    assert found[StreamKind.MISS_RATE][1].n == 900
    assert found[StreamKind.MISS_RATE][0] is Verdict.ESCALATE


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_table_of_last_months_labels_changes_no_day_that_was_looked_at(bay: Bay) -> None:
    runs = runs_of(bay)
    bay.missed(runs[:600])
    before = bay.labelled()
    assert sum(before.values()) == 600
    bay.clock.advance(30 * 86_400)
    bay.missed(runs[600:])
    assert bay.labelled() == before | {date(2026, 12, 21): 600}


def test_what_was_known_late_is_counted_so_after_a_rebuild_too(bay: Bay) -> None:
    runs = runs_of(bay, days=6)
    bay.missed(runs[:60])
    bay.overridden(runs[:60])
    bay.clock.advance(9 * 86_400)
    bay.missed(runs[60:])
    bay.overridden(runs[40:])
    # The same again, from an earlier day, is known since the first time.
    first = runs[0]
    bay.tell([label(1, str(first.study_instance_uid), 1, day=first.day)])
    bay.tell([label(1, str(runs[1].study_instance_uid), 0)])
    held = bay.counts()
    bay.rebuild()
    assert bay.counts() == held
    with bay.database.write() as session:
        service.rebuild(session, Scope(from_day=date(2026, 11, 25)))
        session.expire_all()
        assert counts(session) == held


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_decision_that_comes_after_its_day_was_looked_at_reaches_the_detector_once(
    bay: Bay,
) -> None:
    runs = runs_of(bay)
    bay.overridden(runs[:600])
    found, raised = bay.look()
    assert found[StreamKind.OVERRIDE_RATE][0] is Verdict.ESCALATE
    bay.resolve(raised, StreamKind.OVERRIDE_RATE)

    bay.clock.advance(7 * 86_400)
    # Those that were decided before say the same again.
    bay.overridden(runs[:600])
    bay.overridden(runs[600:])
    found, _ = bay.look()

    verdict, known = found[StreamKind.OVERRIDE_RATE]
    assert (verdict, known.n) == (Verdict.ESCALATE, 600)
    assert "600 decisions from before 22 November 2026 are left out" in sentence(known)
    assert bay.days(StreamKind.OVERRIDE_RATE) == [(date(2026, 11, 28), 600)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_override_summary_counts_by_the_day_of_the_exam(bay: Bay) -> None:
    runs = runs_of(bay, days=4)
    bay.overridden(runs)
    at = {"version_id": bay.place.version_id, "site_id": bay.place.site_id}
    with bay.database.read() as session:
        found = override_summary(session, EVERYBODY, from_day=START, to_day=START, **at)
    assert found is not None
    assert (found.shown, found.decided, found.override_fp) == (20, 20, 10)
