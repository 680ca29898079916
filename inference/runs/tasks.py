"""The durable workflow of a run: analyse, record the outcome, make its results, deliver them.

Each step may be cut off by a crash and is then done again; what it leaves behind is the same either
way. The outcome is recorded exactly once.
"""

from dataclasses import dataclass
from typing import Any

from inference.delivery import service as delivery
from inference.results import service as results
from inference.results.errors import ScoreUnusable, SourceUnusable
from inference.results.service import Made
from inference.runs import service
from inference.runs.analysis import Analyst
from inference.runs.models import Outcome
from model_registry.deployments import service as deployments
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.errors import VigilError
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

WORKER = system_actor("worker")


@dataclass(frozen=True)
class RunTasks:
    parts: Parts
    analyst: Analyst

    def execute(self, steps: Steps, run_id: str) -> None:
        """Bring a planned run to its outcome and its results on their way."""
        answer = self._answer(steps, run_id)
        if answer is None or not steps.transact("finish", self._finish, run_id, answer):
            return
        made = self._made(steps, run_id)
        if made:
            steps.transact("deliver", self._deliver, run_id, made)

    def _answer(self, steps: Steps, run_id: str) -> dict[str, Any] | None:
        try:
            return steps.run("analyse", self._analyse, run_id)
        except StepFailed as error:
            # Nothing is silently skipped: what could not be done is an outcome too (invariant 2).
            reason = f"given up after {error.attempts} attempts: {error.cause}"
        except VigilError as error:
            reason = error.detail
        return {"outcome": Outcome.FAILED.value, "reason": reason}

    def _analyse(self, run_id: str) -> dict[str, Any] | None:
        with self.parts.database.write() as session:
            if not service.begin(session, WORKER, self.parts.events, run_id):
                return None
        with self.parts.database.read() as session:
            run = service.run(session, WORKER, run_id)
            candidates = service.candidates(session, WORKER, run)
            thresholds = deployments.thresholds_at(
                session, run.deployment_id, run.deployment_revision
            )
        analysis = self.analyst.analyse(run.version_digest, candidates, thresholds)
        kept = self.parts.objects.put(analysis.packed) if analysis.outputs else None
        return {
            "outcome": analysis.outcome.value,
            "reason": analysis.reason,
            "findings": service.as_rows(analysis),
            "outputs_digest": kept,
            "runtime": analysis.runtime,
            "image_statistics": analysis.image_statistics,
        }

    def _finish(self, session: WriteSession, run_id: str, answer: dict[str, Any]) -> bool:
        """Record the outcome; say whether readers are to see it."""
        facts = {name: value for name, value in answer.items() if name != "outcome"}
        outcome = Outcome(answer["outcome"])
        run = service.finish(session, WORKER, self.parts.events, run_id, outcome=outcome, **facts)
        return delivery.is_shown(session, WORKER, self.parts.keys, run)

    def _made(self, steps: Steps, run_id: str) -> list[Made]:
        try:
            return steps.run("results", results.make, self.parts, WORKER, run_id)
        except (SourceUnusable, ScoreUnusable) as error:
            # The run stands with its outcome; that no object could be made of it is on record.
            steps.transact("note refusal", self._note_refusal, run_id, error.detail)
            return []

    def _deliver(self, session: WriteSession, run_id: str, made: list[Made]) -> None:
        kept = results.keep(session, WORKER, run_id, made)
        delivery.plan(session, WORKER, self.parts, run_id, kept)

    def _note_refusal(self, session: WriteSession, run_id: str, why: str) -> None:
        audit.record(session, WORKER, "inference:result:refuse", run_id, why)
