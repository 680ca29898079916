"""A simulation as durable work: a backfill in pieces of days, none of them done twice."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from surveillance.simulation import backfilling, document, service, sheet, trial
from surveillance.simulation.models import Simulation, SimulationKind
from surveillance.simulation.question import Question
from surveillance.simulation.uploads import REFERENCE, TABLE, uploads_of
from vigil.kernel.db import WriteSession
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.engine.queue import Steps
from vigil.kernel.errors import VigilError
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

ACTOR: Final = system_actor("surveillance")
PIECE: Final = 28


@dataclass(frozen=True)
class SimulationTasks:
    parts: Parts

    def run(self, steps: Steps, simulation_id: str) -> None:
        """Run a simulation and keep its result; whatever comes of it, its table is deleted."""
        try:
            if steps.run("kind", self._kind, simulation_id) == SimulationKind.BACKFILL.value:
                facts = self._backfill(steps, simulation_id)
            else:
                steps.transact("begin", self._advance, simulation_id, 0)
                facts = steps.run("simulate", self._simulate, simulation_id)
        except StepFailed as error:
            why = f"given up after {error.attempts} attempts: {error.cause}"
            steps.transact("give up", self._give_up, simulation_id, why)
        except VigilError as error:
            steps.transact("refuse", self._give_up, simulation_id, error.detail)
        else:
            steps.transact("finish", self._finish, simulation_id, facts)
        steps.run("delete the table", self._delete, simulation_id)

    def _kind(self, simulation_id: str) -> str:
        return self._row(simulation_id).kind

    def _simulate(self, simulation_id: str) -> dict[str, str]:
        row, uploads = self._row(simulation_id), uploads_of(self.parts.settings)
        reference = uploads.open(simulation_id, REFERENCE) if row.has_reference else None
        found = trial.run(
            uploads.open(simulation_id, TABLE),
            Question.model_validate(row.question),
            today=self.parts.database.clock().date(),
            reference=reference,
        )
        return self._kept(document.of(found), row.title)

    def _backfill(self, steps: Steps, simulation_id: str) -> dict[str, str]:
        plan = steps.run("plan", self._plan, simulation_id)
        days = backfilling.every_day(*map(date.fromisoformat, plan["days"]))
        digests = []
        for place in range(0, len(days), PIECE):
            piece = [day.isoformat() for day in days[place : place + PIECE]]
            name = f"days from {piece[0]}"
            digests.append(steps.run(name, self._look, simulation_id, piece, plan["among"]))
            steps.transact(f"{name} done", self._advance, simulation_id, place + len(piece))
        return steps.run("gather", self._gather, simulation_id, plan, digests)

    def _plan(self, simulation_id: str) -> dict[str, Any]:
        row = self._row(simulation_id)
        question = row.question
        with self.parts.database.read() as session:
            today = session.now().date()
            among = question["among"] or backfilling.live(session, today)
        return {"days": [question["from_day"], question["to_day"]], "among": max(1, among)}

    def _look(self, simulation_id: str, days: Sequence[str], among: int) -> str:
        row = self._row(simulation_id)
        found: list[backfilling.Seen] = []
        with self.parts.database.read() as session:
            for day in days:
                found += backfilling.look(
                    session,
                    ACTOR,
                    version_id=str(row.version_id),
                    site_id=row.site_id,
                    day=date.fromisoformat(day),
                    among=among,
                )
        return self.parts.objects.put(document.to_bytes({"seen": found}))

    def _gather(
        self, simulation_id: str, plan: dict[str, Any], digests: Sequence[str]
    ) -> dict[str, str]:
        row = self._row(simulation_id)
        pieces = (json.loads(self.parts.objects.get(digest)) for digest in digests)
        first, last = map(date.fromisoformat, plan["days"])
        whole = backfilling.gathered(
            [one for piece in pieces for one in piece["seen"]],
            version_id=str(row.version_id),
            site_id=row.site_id,
            days=(first, last),
            among=plan["among"],
        )
        return self._kept(whole, row.title)

    def _kept(self, found: dict[str, Any], title: str) -> dict[str, str]:
        objects = self.parts.objects
        page = sheet.render(found, title).encode()
        return {"result": objects.put(document.to_bytes(found)), "html": objects.put(page)}

    def _row(self, simulation_id: str) -> Simulation:
        with self.parts.database.read() as session:
            return service.simulation(session, ACTOR, simulation_id)

    def _advance(self, session: WriteSession, simulation_id: str, done: int) -> str:
        return service.advance(session, simulation_id, done)

    def _finish(self, session: WriteSession, simulation_id: str, facts: dict[str, str]) -> str:
        return service.finish(session, ACTOR, simulation_id, facts)

    def _give_up(self, session: WriteSession, simulation_id: str, why: str) -> str:
        return service.give_up(session, ACTOR, simulation_id, why)

    def _delete(self, simulation_id: str) -> None:
        uploads_of(self.parts.settings).delete(simulation_id)
