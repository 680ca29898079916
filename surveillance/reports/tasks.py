"""Make a report in a worker, and ask for those whose period is over."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from surveillance.reports import schedules, service
from surveillance.reports.errors import RenderingFailed
from surveillance.reports.models import ReportState
from surveillance.reports.rendering import Renderer
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.errors import VigilError
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

ACTOR = system_actor("surveillance")
SCHEDULE = "reports.schedule"


def ask_for_scheduled(parts: Parts, asked: date | None) -> date:
    """Ask once a day for the reports whose period is over, unless `asked` says that this was done.

    The day is the work's key: however many workers ask, and however often, it is done once.

    Returns:
        The day that was asked for.
    """
    today = parts.database.clock().date()
    if today != asked:
        with parts.database.write() as session:
            key = f"{SCHEDULE}:{today.isoformat()}"
            parts.queue.enqueue(session, SCHEDULE, today.isoformat(), key=key)
    return today


@dataclass(frozen=True)
class ReportTasks:
    parts: Parts
    renderer: Renderer = service.RENDERER

    def make(self, steps: Steps, report_id: str) -> None:
        """Render, then note it. A report that cannot be rendered says so."""
        steps.transact("keep", self._keep, report_id, self._facts(steps, report_id))

    def schedule(self, steps: Steps, today: str) -> None:
        """Ask for the reports of the periods that are over."""
        steps.transact("ask", self._ask, today)

    def _facts(self, steps: Steps, report_id: str) -> dict[str, Any]:
        try:
            return self._rendered(steps, report_id)
        except StepFailed as error:
            reason = f"given up after {error.attempts} attempts: {error.cause}"
        except VigilError as error:
            reason = error.detail
        return {"state": ReportState.FAILED.value, "verdict": reason}

    def _rendered(self, steps: Steps, report_id: str) -> dict[str, Any]:
        facts = steps.run("render", self._render, report_id)
        if facts["state"] != ReportState.FAILED.value:
            return facts
        # A busy machine may have cost it its time; its data will not be other ones.
        return steps.run("render again", self._render, report_id)

    def _render(self, report_id: str) -> dict[str, Any]:
        try:
            return service.make(self.parts, ACTOR, report_id, self.renderer)
        except RenderingFailed as error:
            return {"state": ReportState.FAILED.value, "verdict": error.detail}

    def _keep(self, session: WriteSession, report_id: str, facts: dict[str, Any]) -> str:
        return service.keep(session, ACTOR, report_id, facts).state.value

    def _ask(self, session: WriteSession, today: str) -> int:
        day = date.fromisoformat(today)
        return len(schedules.ask_for_due(session, ACTOR, self.parts.queue, day))
