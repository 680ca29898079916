"""Surveillance's part of the loop: a reference, the daily look at every stream, a drift report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from inference.runs import repository as runs
from surveillance.records import baseline
from surveillance.references.cases import read_csv
from surveillance.reports import service as reports
from surveillance.reports.models import Report, ReportState
from surveillance.streams import evaluation, service
from vigil.app.demo.client import At, wait_for
from vigil.app.demo.network import People
from vigil.app.demo.registry import VIEW
from vigil.app.demo.traffic import SPLITS
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.parts import Parts

SCORES = SPLITS
FINDING, THRESHOLD, COLUMN = "view_ap", 0.998, "p_view_AP"
WATCHER = system_actor("demonstration")


@dataclass
class Watching:
    """What surveillance found; `lines` are for the closing table."""

    url: str
    people: People
    lines: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)

    def watch(
        self, parts: Parts, versions: Mapping[str, str], site_code: str, expected: int
    ) -> None:
        """Wait until every run and decision is counted, then look at them as an officer does."""
        with parts.database.read() as session:
            officer = identity.bearer(session, self.people.officer.token)
            site = identity.site(session, officer, site_code).id
            day = session.now().date()
        wait_for("the records", lambda: self._counted(parts, versions, day, expected))
        if SCORES.exists():
            self._set_reference(parts, officer, versions[VIEW], day)
        with parts.database.write() as session:
            judged, raised = evaluation.evaluate(session, officer, parts.events, day=day)
        verdicts = sorted(f"{one.assessment.kind.value} {one.verdict.value}" for one in judged)
        looked = f"{len(judged)} streams looked at: {_tally(verdicts)}"
        self.lines.append(f"{looked}; {len(raised)} alerts")
        self.alerts = [alert.id for alert in raised]
        self._overrides(parts, versions, day)
        self._report(parts, officer, versions[VIEW], site, day)

    def act(self, deployment: str) -> None:
        """Acknowledge each alert, stop what it is about, and say what it was."""
        officer = At(self.url, self.people.officer)
        for alert in self.alerts:
            officer.post(f"/alerts/{alert}/acknowledge", reason="looking into it")
        officer.post(
            f"/deployments/{deployment}/fall-back",
            reason="nearly every image is flagged: the site's threshold is wrong",
        )
        for alert in self.alerts:
            officer.post(f"/alerts/{alert}/resolve", reason="a slip in the site's threshold: 0.9")
        self.lines.append("the officer took the deployment back to shadow; the register says so")

    def _counted(
        self, parts: Parts, versions: Mapping[str, str], day: date, expected: int
    ) -> bool | None:
        with parts.database.read() as session:
            done = sum(count for *_, count in runs.outcomes(session, WATCHER))
            found = self._summaries(parts, versions, day)
            counted = sum(one.eligible for one in found)
            decided = sum(one.decided for one in found)
        return True if decided >= expected and counted <= done else None

    def _summaries(
        self, parts: Parts, versions: Mapping[str, str], day: date
    ) -> list[service.OverrideSummary]:
        with parts.database.read() as session:
            pairs = {(v, s) for v, s, *_ in runs.outcomes(session, WATCHER)}
            found = (
                service.override_summary(
                    session,
                    WATCHER,
                    version_id=version,
                    site_id=site,
                    from_day=day - timedelta(days=1),
                    to_day=day,
                )
                for version, site in sorted(pairs)
            )
            return [one for one in found if one is not None]

    def _set_reference(self, parts: Parts, officer: Actor, version: str, day: date) -> None:
        """Freeze the supplier's scores of the images that the model was not trained on."""
        held_out = [line for line in SCORES.read_text().splitlines() if ",train," not in line]
        cases = read_csv("\n".join(held_out), THRESHOLD, COLUMN)
        with parts.database.write() as session:
            kept = baseline.set_from_cases(
                session,
                officer,
                parts.objects,
                version_id=version,
                finding_key=FINDING,
                cases=cases,
                reason="the supplier's validation scores",
                effective_from=day,
            )
        self.lines.append(f"reference frozen: {kept.n} validation scores of {VIEW}")

    def _overrides(self, parts: Parts, versions: Mapping[str, str], day: date) -> None:
        names = {version: name for name, version in versions.items()}
        with parts.database.read() as session:
            pairs = sorted({(v, s) for v, s, *_ in runs.outcomes(session, WATCHER)})
        for (version, _), one in zip(pairs, self._summaries(parts, versions, day), strict=True):
            if one.rate is not None:
                self.lines.append(
                    f"{names[version]}: readers overruled {one.override_fp + one.override_fn} of "
                    f"{one.decided}, {one.rate.estimate:.0%} "
                    f"(95 % interval {one.rate.low:.0%} to {one.rate.high:.0%})"
                )

    def _report(self, parts: Parts, officer: Actor, version: str, site: str, day: date) -> None:
        with parts.database.write() as session:
            asked = reports.request(
                session,
                officer,
                parts.queue,
                version_id=version,
                site_id=site,
                finding_key=FINDING,
                from_day=day - timedelta(days=1),
                to_day=day,
            )

        def made() -> Report | None:
            with parts.database.read() as session:
                row = reports.report(session, officer, asked.id)
            return None if row.state is ReportState.PLANNED else row

        row = wait_for("the drift report", made, 180)
        self.lines.append(f"drift report {row.state.value}: {row.verdict} (/reports/{row.id})")


def _tally(verdicts: list[str]) -> str:
    return ", ".join(f"{name} x {verdicts.count(name)}" for name in sorted(set(verdicts)))
