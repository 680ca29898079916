"""Make a report in a worker."""

from dataclasses import dataclass
from typing import Any

from surveillance.reports import service
from surveillance.reports.models import ReportState
from surveillance.reports.rendering import SECONDS
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

ACTOR = system_actor("surveillance")


@dataclass(frozen=True)
class ReportTasks:
    parts: Parts
    seconds: float = SECONDS

    def make(self, steps: Steps, report_id: str) -> None:
        """Render, then note it. A report that cannot be rendered says so."""
        steps.transact("keep", self._keep, report_id, self._facts(steps, report_id))

    def _facts(self, steps: Steps, report_id: str) -> dict[str, Any]:
        try:
            return steps.run("render", self._render, report_id)
        except StepFailed as error:
            reason = f"given up after {error.attempts} attempts: {error.cause}"
            return {"state": ReportState.FAILED.value, "verdict": reason}

    def _render(self, report_id: str) -> dict[str, Any]:
        return service.make(self.parts, ACTOR, report_id, self.seconds)

    def _keep(self, session: WriteSession, report_id: str, facts: dict[str, Any]) -> str:
        return service.keep(session, ACTOR, report_id, facts).state.value
